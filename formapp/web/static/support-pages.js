/* Adds the reader's own time to a promised instant, where their clock differs from support's. */
// In the page's language; English has the day before the month, and digits are those of the page's own dates.
const parts = (instant, zone, shape, language) =>
  new Intl.DateTimeFormat(language === "en" ? "en-GB" : `${language}-u-nu-latn`, { ...shape, timeZone: zone }).format(instant);

customElements.get("support-time") ||
  customElements.define(
    "support-time",
    class extends HTMLElement {
      connectedCallback() {
        const time = this.querySelector("time");
        if (!time || this.querySelector("[data-own]")) return;
        const instant = new Date(time.dateTime);
        const day = { weekday: "short", day: "numeric", month: "short" };
        const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
        const theirs = this.dataset.zone;
        const { lang, dataset } = this.closest("[data-own-time]");
        const ownClock = parts(instant, undefined, clock, lang);
        const ownDay = parts(instant, undefined, day, lang);
        const sameDay = ownDay === parts(instant, theirs, day, lang);
        if (sameDay && ownClock === parts(instant, theirs, clock, lang)) return;
        const words = { sentence: "", day: ownDay, time: ownClock };
        const own = document.createElement("span");
        own.dataset.own = "";
        own.textContent = dataset[sameDay ? "ownTime" : "ownDay"].replace(/{(\w+)}/g, (_, name) => words[name]);
        this.append(own);
      }
    },
  );

/* A mistake's link goes to its field, or to what it speaks of; the theme would load the page anew, without what was typed. */
customElements.get("support-summary") ||
  customElements.define(
    "support-summary",
    class extends HTMLElement {
      connectedCallback() {
        this.addEventListener("click", (event) => {
          const field = document.getElementById(event.target.hash?.slice(1));
          if (!field) return;
          event.preventDefault();
          // What isn't a field must first be let have the focus.
          if (field.tabIndex < 0) field.tabIndex = -1;
          field.focus();
        });
      }
    },
  );

/* The desk has what the form with this id held; this browser needs it no longer. */
customElements.get("support-arrived") ||
  customElements.define(
    "support-arrived",
    class extends HTMLElement {
      connectedCallback() {
        const sent = `"submission":${JSON.stringify(this.dataset.submission)}`;
        try {
          for (const [key, draft] of Object.entries(localStorage)) draft.includes(sent) && localStorage.removeItem(key);
        } catch {} // Storage is forbidden.
      }
    },
  );
