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
  for (const one of places) one.fill();
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
      if (known) this.fill();
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
