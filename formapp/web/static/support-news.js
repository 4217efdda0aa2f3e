/* Says on an open ticket that there are new messages, and shows them in place. What is typed is never touched. */
const FIRST_PAUSE = 15;
const LONGEST_PAUSE = 240;
const AN_HOUR = 3600e3;

customElements.get("support-news") ||
  customElements.define(
    "support-news",
    class extends HTMLElement {
      connectedCallback() {
        this.line = this.firstElementChild;
        this.pause = FIRST_PAUSE;
        this.end = Date.now() + AN_HOUR;
        document.addEventListener("visibilitychange", this);
        this.wait(this.pause);
      }
      disconnectedCallback() {
        document.removeEventListener("visibilitychange", this);
        clearTimeout(this.timer);
      }
      // Whoever comes back to the page wants to know at once; while nobody looks nothing is asked.
      handleEvent() {
        this.wait(1);
      }
      wait(seconds) {
        clearTimeout(this.timer);
        if (document.hidden || this.over || Date.now() > this.end) return;
        this.timer = setTimeout(() => this.ask(), seconds * 1000);
      }
      async ask() {
        this.pause = Math.min(this.pause * 1.3, LONGEST_PAUSE);
        const url = `${this.dataset.url}?after=${this.dataset.after}`;
        const answer = await this.fetched(url);
        // Signed out, or no longer this person's to see.
        if (answer && !answer.ok) return (this.over = true);
        const told = await answer?.json().catch(() => null);
        if (told) this.say(told.said);
        this.wait(this.pause);
      }
      fetched(url) {
        return fetch(url, { cache: "no-cache", redirect: "manual", signal: AbortSignal.timeout(8000) }).catch(() => null);
      }
      say(words) {
        if (this.said === words) return;
        this.said = words;
        if (!words) return this.line.replaceChildren();
        const link = document.createElement("a");
        link.href = "#newest";
        link.textContent = this.dataset.show;
        link.onclick = (event) => {
          event.preventDefault();
          this.show();
        };
        this.line.replaceChildren(`${words} `, link);
      }
      async show() {
        // Not where the page stands: one that came back from a form has that form's address.
        const answer = await this.fetched(this.dataset.page);
        if (!answer?.ok) return;
        const now = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll("[data-live]")) {
          const other = now.querySelector(`[data-live="${part.dataset.live}"]`);
          if (other) part.replaceWith(document.adoptNode(other));
        }
        // Who has seen this may answer it.
        const [seen, shown] = [document, now].map((page) => page.querySelector(".support-composer [name=seen]"));
        if (seen && shown) seen.value = shown.value;
        this.dataset.after = now.querySelector("support-news").dataset.after;
        this.say("");
        const newest = document.getElementById("newest");
        newest.tabIndex = -1;
        newest.focus();
      }
    },
  );
