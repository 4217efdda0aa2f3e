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
  for (const one of places) one.fill();
};
const again = () => ask([...places][0]);
document.addEventListener("visibilitychange", again);
document.addEventListener("focusin", again);
// "; 09:00 your time", with the day where it is another; nothing where the reader's clock says the same.
const own = (iso) => {
  if (!iso) return "";
  const told = (timeZone, shape) => new Intl.DateTimeFormat("en-GB", { ...shape, timeZone }).format(new Date(iso));
  const day = { weekday: "short" };
  const clock = { hour: "2-digit", minute: "2-digit" };
  const sameDay = told(undefined, day) === told(known.timezone, day);
  if (sameDay && told(undefined, clock) === told(known.timezone, clock)) return "";
  return "; " + (sameDay ? "" : told(undefined, day) + ", ") + told(undefined, clock) + " your time";
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
      const long = "Sent now: answer by ";
      // The first that fits its room.
      for (const words of priority ? [long + told.words, long + told.short, "Answer by " + told.short] : [told.words]) {
        this.textContent = words + own(told.due ?? told.until);
        if (this.clientHeight <= room) break;
      }
    }
  },
);
