/* One key for what staff do all day, on the queue and on a ticket. Never while somebody types; can be turned off. */
const SETTING = "support-keys";
const LIST = "support-queue";
const stored = (storage, name) => {
  try {
    return storage[name];
  } catch {} // Storage is forbidden.
};
const store = (storage, name, value) => {
  try {
    storage[name] = value;
  } catch {}
};

customElements.get("support-keys") ||
  customElements.define(
    "support-keys",
    class extends HTMLElement {
      connectedCallback() {
        const [opener, dialog] = this.children;
        this.dialog = dialog;
        this.use = dialog.querySelector("input");
        this.use.checked = stored(localStorage, SETTING) !== "off";
        this.use.onchange = () => store(localStorage, SETTING, this.use.checked ? "on" : "off");
        dialog.querySelector("button").onclick = () => dialog.close();
        opener.hidden = false;
        opener.querySelector("button").onclick = () => dialog.showModal();
        this.links = [...document.querySelectorAll(".support-queue__row th a")];
        if (this.links[0]) store(sessionStorage, LIST, JSON.stringify(this.links.map((link) => link.pathname)));
        if (location.hash === "#kind-note") this.write("note");
        // Before the theme's own keys, which mean something else.
        document.addEventListener("keydown", this, true);
      }
      disconnectedCallback() {
        document.removeEventListener("keydown", this, true);
      }
      handleEvent(event) {
        const { key, target } = event;
        // Changing the tab must not send what is typed.
        if (key === "Enter" && target.closest?.(".support-composer__tabs")) event.preventDefault();
        if (!this.use.checked || this.dialog.open || event.isComposing) return;
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        if (target.isContentEditable || target.closest?.("input, textarea, select")) return;
        const action = {
          j: () => this.step(1),
          k: () => this.step(-1),
          r: () => this.write("reply"),
          n: () => this.write("note"),
          a: () => document.querySelector('[data-key="a"]')?.click(),
          "/": () => this.search(),
          "?": () => this.dialog.showModal(),
        }[key];
        if (!action) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        action();
      }
      get focused() {
        const row = document.activeElement.closest(".support-queue__row");
        return this.links.findIndex((link) => row?.contains(link));
      }
      step(by) {
        if (this.links[0]) return this.links[Math.max(0, this.focused + by)]?.focus();
        if (!document.getElementById("message-body")) return;
        // The tickets in the order in which the queue last showed them.
        const list = JSON.parse(stored(sessionStorage, LIST) ?? "[]");
        const here = list.indexOf(location.pathname);
        const next = here < 0 ? this.dataset.queue : list[here + by];
        if (next) location.assign(next);
      }
      write(kind) {
        const body = document.getElementById("message-body");
        const link = this.links[this.focused];
        if (!body) return link && location.assign(`${link.pathname}${kind === "note" ? "#kind-note" : "#message-body"}`);
        document.getElementById(`kind-${kind}`)?.click();
        body.focus();
      }
      search() {
        const field = document.getElementById("search");
        if (field) field.focus();
        else location.assign(`${this.dataset.queue}#search`);
      }
    },
  );
