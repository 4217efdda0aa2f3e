/* Names what looks like a secret in a text and offers to take it out. Nothing leaves the browser for it. */
const told = () => document.querySelector("[data-dull]");

// What was found, in words, and the text without it; undefined where nothing was.
const look = (text) => {
  const found = new Map();
  const { kinds, dull, place, removed } = told().dataset;
  for (const [kind, pattern, flags] of JSON.parse(kinds)) {
    text = text.replace(RegExp(pattern, flags), (whole, secret, offset, all) => {
      if (RegExp(dull, "i").test(secret)) return whole;
      found.set(kind, fill(place, { kind, line: all.slice(0, offset).split("\n").length }));
      return whole.slice(0, -secret.length) + removed;
    });
  }
  if (found.size) return { text, found: new Intl.ListFormat(lang()).format(found.values()) };
};
// A warning at this place, by one of the page's sentences; its two buttons bear the decisions, and it goes with them.
const warn = (place, sentence, values, ...decisions) => {
  const warning = told().content.firstElementChild.cloneNode(true);
  const [said, ...buttons] = warning.children;
  place.append(warning);
  said.textContent = fill(told().dataset[sentence], values);
  buttons.forEach((button, index) => {
    button.onclick = () => {
      warning.remove();
      decisions[index]();
    };
  });
  buttons[0].focus();
};
