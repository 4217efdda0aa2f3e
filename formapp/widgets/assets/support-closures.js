/* Tells of closures that run or are near. The file beside the guide says which; the desk keeps it up to date. */
const NEAR = 14 * 24 * 3600 * 1000;
const KEY = "support-closures-hidden";
const remembered = (words) => {
  try {
    if (words) localStorage.setItem(KEY, words);
    return localStorage.getItem(KEY);
  } catch {
    // Storage may be forbidden; then it is shown again on the next page.
  }
};
const read = async () => {
  const answer = await fetch(new URL("../support-closures.json", import.meta.url), { cache: "no-cache" });
  return answer.ok ? await answer.json() : { closures: [] };
};
const show = (sentences, { language, direction, title, button }) => {
  const words = sentences.join("\n");
  if (remembered() === words) return;
  const bar = document.createElement("aside");
  bar.className = "support-closures";
  bar.ariaLabel = title;
  bar.lang = language;
  bar.dir = direction;
  for (const sentence of sentences) bar.appendChild(document.createElement("p")).textContent = sentence;
  const hide = bar.appendChild(document.createElement("button"));
  hide.type = "button";
  hide.textContent = button;
  hide.onclick = () => {
    remembered(words);
    bar.remove();
  };
  // Early for those who listen or use the keyboard; its style puts it at the foot of the window, where it moves nothing.
  document.body.insertBefore(bar, document.querySelector("body > .md-container"));
  // Room below the page's end and around the focus, so that it covers nothing for good.
  const { style } = document.body;
  new ResizeObserver(() => {
    document.documentElement.style.scrollPaddingBottom = style.paddingBottom = bar.offsetHeight + "px";
    // On a page shorter than the window the foot of the page must stay where it is.
    style.minHeight = "calc(100% + " + style.paddingBottom + ")";
  }).observe(bar);
};
read().then(
  ({ closures, labels = {} }) => {
    const now = Date.now();
    // The file's words in the page's language; English where it has none.
    const language = document.documentElement.lang.split("-")[0];
    const near = closures.filter(({ start, end }) => Date.parse(start) - NEAR <= now && now < Date.parse(end));
    if (near.length) show(near.map(({ words, translations }) => translations?.[language] ?? words), labels[language] ?? labels.en);
  },
  () => {},
);
