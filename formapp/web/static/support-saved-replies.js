/* Inserts a saved reply where the caret stands, without a reload, as if it was typed: undo takes it out again. */
customElements.get("support-saved-replies") ||
  customElements.define(
    "support-saved-replies",
    class extends HTMLElement {
      connectedCallback() {
        this.select = this.querySelector("select");
        this.button = this.querySelector("button");
        this.said = this.querySelector("[role=status]");
        this.body = this.button.form.elements.body;
        // Before anybody was in the text, browsers have no caret to speak of: then it is added at the end.
        this.body.addEventListener("focus", () => (this.hasCaret = true), { once: true });
        this.button.onclick = (event) => {
          event.preventDefault();
          this.insert();
        };
      }
      async insert() {
        const { value } = this.select;
        this.said.textContent = value ? "" : this.dataset.choose;
        if (!value) return this.select.focus();
        if (this.busy) return;
        this.busy = true;
        const asked = { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(8000) };
        const answer = await fetch(`${this.dataset.url}/${value}`, asked).catch(() => null);
        const text = answer?.ok && (await answer.json().catch(() => null))?.text;
        this.busy = false;
        if (text) return this.put(text);
        // Signed out or deleted meanwhile: the form's own way says so, and loses nothing.
        if (answer && (answer.type === "opaqueredirect" || answer.status === 404)) this.button.form.requestSubmit(this.button);
        else this.said.textContent = this.dataset.away;
      }
      put(text) {
        const { body } = this;
        if (!this.hasCaret) body.setSelectionRange(body.value.length, body.value.length);
        body.focus();
        // The one way that browsers can undo.
        if (document.execCommand("insertText", false, text)) return;
        body.setRangeText(text, body.selectionStart, body.selectionEnd, "end");
        body.dispatchEvent(new Event("input", { bubbles: true }));
      }
    },
  );
