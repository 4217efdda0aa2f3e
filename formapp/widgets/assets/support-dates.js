/* Writes by when one is answered if one files now, by the desk's clock; where that isn't known, the page's words stay. */
const places = new Set();
let asked = 0;
let known;
// At most once a minute; the desk's answer holds as long.
const ask = async (place) => {
  const url = place?.closest("[data-dates]")?.dataset.dates;
  if (!url || document.hidden || Date.now() - asked < 60000) return;
  asked = Date.now();
  // The first may come from the browser's own cache; after that a minute has passed.
  const cache = known === undefined ? "default" : "no-cache";
  const answer = await fetch(url, { credentials: "omit", cache }).catch(() => null);
  known = answer?.ok ? await answer.json().catch(() => null) : null;
  // Something else may answer in the desk's place.
  if (!known?.priorities) known = null;
  correct();
  for (const one of places) one.fill();
};
// A page may be older than the policy. What it no longer promises is replaced by what counts today, and that is said.
const marks = (text) => new Map(text.split(" ").map((part) => part.split("=")));
const note = (words, names) =>
  Object.assign(document.createElement("p"), { className: "support-warning", textContent: `${words} ${names.join(", ")}.` });
const correct = () => {
  if (!known?.promises) return;
  const today = marks(known.promised);
  for (const root of document.querySelectorAll("[data-promised]")) {
    const { promised, changed } = root.dataset;
    if (promised === known.promised) continue;
    root.dataset.promised = known.promised;
    const isChooser = root.localName === "support-chooser";
    const names = [];
    for (const [priority, mark] of marks(promised)) {
      if (today.get(priority) === mark) continue;
      const now = known.promises[priority];
      const words = [now?.response, now?.resolution];
      for (const row of root.querySelectorAll(`[data-${isChooser ? "result" : "promise"}="${priority}"]`)) {
        const name = row.querySelector(".support-priority").textContent;
        names.push(name);
        row.querySelectorAll("td, dd").forEach((cell, index) => (cell.textContent = words[index] ?? known.gone));
        const hint = row.querySelector("label .support-hint");
        if (hint) hint.textContent = now?.words ?? known.gone;
        if (isChooser) row.querySelector("dl").after(note(changed, [name]));
      }
      if (priority === "_hours") {
        const said = root.parentNode.querySelector("[data-support-hours] > span");
        if (said) said.textContent = known.hours.words;
        names.push(known.hours.name);
      }
    }
    if (!isChooser) root.before(note(changed, names));
    // So that the desk needn't ask whether today's promise is known.
    const field = root.closest("form")?.elements.promised;
    if (field) field.value = known.promised;
  }
};
const again = () => ask([...places][0]);
document.addEventListener("visibilitychange", again);
document.addEventListener("focusin", again);
// A sentence with the instant by the reader's clock too, and the day where it is another; alone where both say the same.
const withOwn = (sentence, iso, { lang, dataset }) => {
  if (!iso) return sentence;
  // Digits as the desk's words have them.
  const told = (timeZone, shape) => new Intl.DateTimeFormat(lang + "-u-nu-latn", { ...shape, timeZone, hourCycle: "h23" }).format(new Date(iso));
  const day = { weekday: "short" };
  const clock = { hour: "2-digit", minute: "2-digit" };
  const sameDay = told(undefined, day) === told(known.timezone, day);
  if (sameDay && told(undefined, clock) === told(known.timezone, clock)) return sentence;
  const words = { sentence, day: told(undefined, day), time: told(undefined, clock) };
  return dataset[sameDay ? "own" : "ownDay"].replace(/{(\w+)}/g, (_, name) => words[name]);
};
customElements.define(
  "support-date",
  class extends HTMLElement {
    connectedCallback() {
      this.still ??= this.textContent;
      places.add(this);
      if (known) {
        correct();
        this.fill();
      }
      ask(this);
    }
    disconnectedCallback() {
      places.delete(this);
    }
    fill() {
      if (this.closest("[hidden]")) return;
      this.textContent = this.still;
      const room = this.clientHeight;
      const priority = this.dataset.for;
      const told = known && (priority ? known.priorities[priority]?.response : known.support);
      if (!told) return;
      const root = this.closest("[data-dates]");
      const { long, short } = root.dataset;
      const by = (sentence, time) => sentence.replace("{time}", () => time);
      const instant = told.due ?? told.until;
      const sentences = priority ? [by(long, told.words), by(long, told.short), by(short, told.short)] : [told.words];
      // The first that fits its room; by the desk's clock alone where there is too little for both.
      for (const words of [...sentences.map((one) => withOwn(one, instant, root)), sentences.at(-1)]) {
        this.textContent = words;
        if (this.clientHeight <= room) break;
      }
    }
  },
);
