/* Names what looks like a secret in a text and offers to take it out. Nothing leaves the browser for it. */
const assigned = String.raw`\d?["']?\s{0,3}[:=]>?\s{0,3}["']?`;
// The group is the secret, and stands at the end. The last kind alone has several lines, so that lines count right.
const kinds = [
  ["token", /\b((?:AKIA|ASIA)[A-Z\d]{16}|(?:gh[opsur]_|github_pat_|glpat-|xox[a-z]-|[rs]k_live_|eyJ[\w-]+\.eyJ)[\w.-]{16,})/g],
  ["token", RegExp(`(?:bearer\\s|(?:token|(?:access|api|auth|private|secret)[_-]?key)${assigned})((?=\\D*\\d)[^\\s"']{12,999})`, "gi")],
  ["password", /:\/\/[^\s:/@]{1,99}:([^\s:/@]{5,99})(?=@)/g],
  ["password", RegExp(`(?:passw(?:or)?d|pwd|secret)${assigned}((?:(?<==\\W*)|(?=\\S*\\d))[^\\s"']{6,999})`, "gi")],
  ["private key", /(-----BEGIN [A-Z ]*PRIVATE KEY[A-Z ]*-----(?:[^]{0,9999}?-----END [A-Z ]*-----|[\w+/=\s]*))/g],
];
// What stands where a secret would: a path, a variable, a call, a mask, a word.
const dull = /^[$%<{[(/.~]|^[a-z]:\\|^\w[\w.]*[([]|\*{3}|^(.)\1+$|\benv|config\b|changeme|example|removed|redacted|filtered|password|secret|string|undefined|required|incorrect|your/i;

// What was found, in words, and the text without it; undefined where nothing was.
const look = (text) => {
  const found = new Map();
  for (const [kind, pattern] of kinds) {
    text = text.replace(pattern, (whole, secret, offset, all) => {
      if (dull.test(secret)) return whole;
      found.set(kind, `a ${kind} (line ${all.slice(0, offset).split("\n").length})`);
      return whole.slice(0, -secret.length) + "[removed]";
    });
  }
  if (found.size) return { text, words: ` seems to hold ${[...found.values()].join(" and ")}.` };
};
// A warning at this place; its two buttons bear the decisions, and it goes with them.
const warn = (place, words, ...decisions) => {
  const warning = document.querySelector("template.support-secret").content.firstElementChild.cloneNode(true);
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
