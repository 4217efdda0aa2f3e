/* Suggests pages of this site for a subject, from the site's own search index. Nothing that is typed leaves the browser. */
const root = new URL("../", import.meta.url);
const pages = [];
const table = new Map();
const found = new Map();
let reading;

// Case, accents and the Arabic article make no difference.
const words = (text) =>
  (text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? []).map((word) => word.replace(/^ال(?=...)/, ""));

// Every word with the pages that have it and its weight there. Pauses, so that typing goes on meanwhile.
async function read() {
  const { docs } = await (await fetch(new URL("search/search_index.json", root))).json();
  const numbers = new Map();
  let since = performance.now();
  for (const { location: place, title, text } of docs) {
    const path = place.split("#")[0];
    if (!numbers.has(path)) numbers.set(path, pages.push({ url: new URL(path, root), title: new DOMParser().parseFromString(title, "text/html").body.textContent }) - 1);
    const page = numbers.get(path);
    for (const [source, weight] of [[title, place === path ? 9 : 4], [text, 1]])
      for (const word of words(source.replace(/<[^>]*>|&\w+;/g, " "))) {
        if (!table.has(word)) table.set(word, new Map());
        const there = table.get(word);
        if (!(there.get(page) >= weight)) there.set(page, weight);
      }
    if (performance.now() - since > 20) {
      await new Promise((go) => setTimeout(go));
      since = performance.now();
    }
  }
}

// A word's pages and how much it says for each: rare words more; also what begins like it, as other forms do.
function look(word) {
  if (found.has(word)) return found.get(word);
  const scores = new Map();
  for (const [known, there] of table) {
    if (!(known.startsWith(word) || (known.length > 3 && word.length - known.length < 4 && word.startsWith(known)))) continue;
    const rare = Math.log(1 + pages.length / there.size) / (known === word ? 1 : 2);
    for (const [page, weight] of there) scores.set(page, Math.max(scores.get(page) ?? 0, weight * rare));
  }
  found.set(word, scores);
  return scores;
}

// Up to three pages that have at least half of the words that any page has.
function best(subject) {
  const looked = [...new Set(words(subject))].filter((word) => word.length > 2).map(look).filter(({ size }) => size);
  const sums = new Map();
  for (const scores of looked) for (const [page, score] of scores) {
    const [sum, count] = sums.get(page) ?? [0, 0];
    sums.set(page, [sum + score, count + 1]);
  }
  return [...sums]
    .filter(([page, [, count]]) => count * 2 >= looked.length && pages[page].url.pathname !== location.pathname)
    .sort(([, [one]], [, [other]]) => other - one)
    .slice(0, 3)
    .map(([page]) => pages[page]);
}

export async function suggest(element, subject) {
  const [box] = element.children;
  const list = box.lastChild;
  const said = element.lastChild;
  const kept = subject.form.elements.pages_shown;
  let frame, timer, shown = "";
  const show = () => {
    const suggested = best(subject.value);
    const now = suggested.map(({ url }) => url).join(" ");
    if (now === shown) return;
    shown = now;
    // What has opened keeps its room, so that the fields below stay where they are.
    box.style.minBlockSize = `${box.offsetHeight}px`;
    box.hidden = !suggested[0] && !box.offsetHeight;
    box.firstChild.hidden = !suggested[0];
    list.replaceChildren(
      ...suggested.map(({ url, title }) => {
        const row = document.createElement("li");
        row.append(Object.assign(document.createElement("a"), { href: url, textContent: title, target: "_blank", rel: "noopener" }));
        return row;
      }),
    );
    const told = new URLSearchParams(kept.value);
    for (const { url, title } of suggested) if (told.size < 5) told.set(url.pathname, title);
    kept.value = told;
    // Said once a pause in typing lets it be heard, and not again while pages are there.
    clearTimeout(timer);
    timer = setTimeout(() => (said.textContent = suggested[0] ? element.dataset.announcement : ""), 1500);
  };
  // Once for all forms that come and go within one document.
  await (reading ??= read());
  // From the next key on: what comes later than a key would move fields under the reader's hand.
  element.dataset.ready = "";
  subject.addEventListener("input", () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(show);
  });
}
