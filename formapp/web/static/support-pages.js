/* Tells an instant in the reader's own time first, where their clock differs from the place's. */
customElements.get("support-time") ||
  customElements.define(
    "support-time",
    class extends HTMLElement {
      connectedCallback() {
        const time = this.querySelector("time");
        if (!time || this.querySelector("[data-own]")) return;
        const { zone, form, there, dayThere } = this.dataset;
        const { ownIn, own, ownAndThere } = this.closest("[data-own-in]").dataset;
        const at = new Date(time.dateTime);
        const told = (timeZone, shape) => new Intl.DateTimeFormat(ownIn, { ...shape, timeZone }).format(at);
        const name = form === "long" ? "long" : "short";
        const year = { year: "numeric" };
        const day = {
          weekday: name,
          day: "numeric",
          month: name,
          ...(told(undefined, year) !== new Intl.DateTimeFormat(ownIn, year).format() && year),
        };
        const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
        const sameDay = told(undefined, day) === told(zone, day);
        if (sameDay && told(undefined, clock) === told(zone, clock)) return;
        const fill = (words, values) => words.replace(/{(\w+)}/g, (_, key) => values[key]);
        const mine = fill(own, { day: told(undefined, day), time: told(undefined, clock) });
        const both = fill(ownAndThere, { own: mine, there: sameDay ? there : dayThere });
        if (form !== "long") time.title = both;
        time.dataset.own = "";
        time.textContent = form === "long" ? both : mine;
        if (form === "long") return;
        // A tooltip is for a mouse; whoever listens hears the whole.
        const rest = document.createElement("span");
        rest.className = "support-hidden";
        rest.textContent = fill(ownAndThere, { own: "", there: sameDay ? there : dayThere });
        time.append(rest);
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
