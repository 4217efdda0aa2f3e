/* Adds the reader's own time to an instant, where their clock differs. */
customElements.get("support-time") ||
  customElements.define(
    "support-time",
    class extends HTMLElement {
      connectedCallback() {
        const time = this.querySelector("time");
        if (!time || this.querySelector("[data-own]")) return;
        const { ownIn, ownTime, ownDay } = this.closest("[data-own-in]").dataset;
        const told = (timeZone, shape) =>
          new Intl.DateTimeFormat(ownIn, { ...shape, timeZone }).format(new Date(time.dateTime));
        const day = { weekday: "short", day: "numeric", month: "short" };
        const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
        const { zone } = this.dataset;
        const words = { sentence: "", day: told(undefined, day), time: told(undefined, clock) };
        const sameDay = words.day === told(zone, day);
        if (sameDay && words.time === told(zone, clock)) return;
        const own = document.createElement("span");
        own.dataset.own = "";
        own.textContent = (sameDay ? ownTime : ownDay).replace(/{(\w+)}/g, (_, name) => words[name]);
        this.append(own);
      }
    },
  );

/* A mistake's link goes to its field or what it is about; the theme would load the page anew. */
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
