/* Names what looks like a secret in a text and offers to take it out. Nothing leaves the browser for it. */
const told = () => document.querySelector("[data-dull]");

// What was found, in words, and the text without it; undefined where nothing was.
const look = (text) => {
  const found = new Map();
  const { kinds, dull } = told().dataset;
  for (const [kind, pattern, flags] of JSON.parse(kinds)) {
    text = text.replace(RegExp(pattern, flags), (whole, secret, offset, all) => {
      if (RegExp(dull, "i").test(secret)) return whole;
      found.set(kind, `a ${kind} (line ${all.slice(0, offset).split("\n").length})`);
      return whole.slice(0, -secret.length) + "[removed]";
    });
  }
  if (found.size) return { text, words: ` seems to hold ${[...found.values()].join(" and ")}.` };
};
// A warning at this place; its two buttons bear the decisions, and it goes with them.
const warn = (place, words, ...decisions) => {
  const warning = told().content.firstElementChild.cloneNode(true);
  const [said, ...buttons] = warning.children;
  place.append(warning);
  said.textContent = words;
  buttons.forEach((button, index) => {
    button.onclick = () => {
      warning.remove();
      decisions[index]();
    };
  });
  buttons[0].focus();
};
