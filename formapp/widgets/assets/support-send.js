/* Keeps what is typed in this browser, and sends the form once all is ready; until then it is "Not sent yet". */
const prefix = "support-draft:";
const read = (key) => {
  try {
    const draft = JSON.parse(localStorage[key]);
    // Within thirty days, in milliseconds.
    return draft.fields.submission && Date.now() - draft.at < 2592e6 && draft;
  } catch {}
};

customElements.define(
  "support-send",
  class extends HTMLElement {
    connectedCallback() {
      this.form = this.closest("form");
      this.fields = this.form.elements;
      this.texts = [...this.form.querySelectorAll("[name=subject], [name=url], textarea[name], [name^=field-]:not([type=radio])")];
      [this.kept, this.discard] = this.form.querySelector(".support-draft").children;
      [this.said, this.unsent] = this.children;
      [this.mail, this.copied] = this.querySelectorAll("a, textarea");
      const [now, copy] = this.unsent.querySelectorAll("button");
      this.allowed = "";
      this.served = "served" in this.dataset;
      this.gone = new AbortController();
      this.discard.onclick = () => {
        this.form.reset();
        localStorage.removeItem(this.key);
        location.reload();
      };
      now.onclick = () => this.send();
      copy.onclick = () => {
        this.copied.select();
        // Works on plain http too; where it doesn't, the text stands there selected.
        if (document.execCommand("copy")) this.said.textContent = this.dataset.copied;
      };
      for (const type of ["submit", "input"]) this.form.addEventListener(type, this);
      // The controller serves as options: it has the signal that ends the listening.
      for (const type of ["online", "pagehide", "pageshow"]) addEventListener(type, this, this.gone);
      // Storage can be forbidden; then the form is as it was.
      this.adopt().catch(() => {});
      this.noteAbsence().catch(() => {});
    }
    disconnectedCallback() {
      this.gone.abort();
      this.pagehide();
    }
    handleEvent(event) {
      this[event.type](event);
    }
    pagehide() {
      clearTimeout(this.timer);
      this.letGo?.();
    }
    pageshow({ persisted }) {
      if (persisted) this.hold(this.key);
    }
    online() {
      if (this.timer) this.send();
    }
    input() {
      this.typed = true;
      this.save();
      if (this.timer) this.wait();
    }
    submit(event) {
      // The second time is ours, and goes its native way.
      if (this.through) return (this.through = false);
      event.preventDefault();
      this.button = event.submitter;
      this.send();
    }

    // A tab has a record of its own, and takes over one that no tab holds.
    async adopt() {
      await Promise.resolve();
      await this.closest("support-form")?.known;
      if (!this.isConnected) return;
      const page = [prefix + this.form.action, this.fields.page?.value, new URLSearchParams(location.search).get("project"), ""].join(" ");
      const fresh = (this.key = page + Date.now());
      const own = sessionStorage[page];
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix)).sort().reverse();
      for (const key of keys) read(key) || localStorage.removeItem(key);
      for (const key of [own, ...keys, fresh]) {
        const draft = key?.startsWith(page) && read(key);
        if ((key !== fresh && !this.fits(draft)) || !(await this.hold(key, [own, fresh].includes(key)))) continue;
        sessionStorage[page] = this.key = key;
        if (draft && !this.served) this.restore(draft);
        else if (this.typed || this.text === draft?.text) this.save();
        return;
      }
    }
    // A page of the guide may lie where no desk is. Whoever reads it should know that before they type.
    async noteAbsence() {
      const place = this.form.querySelector("[data-elsewhere]");
      // First what the form itself needs.
      await this.closest("support-form")?.known;
      const trouble = place && (await this.missing());
      if (!trouble || trouble === "away") return;
      place.firstElementChild.textContent = this.dataset[trouble === "nowhere" ? trouble : "before"];
      place.hidden = false;
    }
    get text() {
      return this.texts.map(({ value }) => value).join("\n");
    }
    // What the server or the browser has filled is newer than what is stored; the server may give a text another id.
    fits(draft) {
      return draft && this.mine(draft) && (this.text === draft.text || draft.fields.submission === this.fields.submission.value || !(this.served || this.text.trim()));
    }
    get account() {
      return this.fields.made_for?.value;
    }
    // Another account's draft is never shown. One that was typed signed out is its address's, if it has one.
    mine({ account, fields: { email } }) {
      const own = this.form.querySelector("[data-email]")?.dataset.email;
      return account ? account === this.account : !own || !email || email.trim().toLowerCase() === own;
    }
    // A lock tells that a tab lives; where there are none, a tab knows only its own.
    hold(key, ours) {
      return new Promise((answer) => {
        if (!navigator.locks) return answer(ours);
        navigator.locks.request(key, { ifAvailable: true }, (lock) => {
          answer(lock);
          return lock && new Promise((letGo) => (this.letGo = letGo));
        });
      });
    }
    restore({ fields, files }) {
      for (const [name, value] of Object.entries(fields)) {
        const field = this.fields[name];
        // A choice of the page's own gives way: what was a note must come back as one.
        if (!value || !field || (field.value && !["submission", "kind"].includes(name))) continue;
        field.value = value;
        // Typed as a name before signing in, chosen by its key after it.
        field.value ||= [...(field.options ?? [])].find(({ text }) => text === value)?.value ?? "";
      }
      for (const file of files) this.form.querySelector("support-files").add(JSON.parse(file));
      fire(this.texts.at(-1), false);
      this.kept.textContent = this.dataset.back;
      this.discard.hidden = false;
    }
    values() {
      return Object.fromEntries(this.dataset.fields.split(" ").map((name) => [name, this.fields[name]?.value ?? ""]));
    }
    save() {
      const { text, account } = this;
      if (!this.key) return;
      const files = [...this.form.querySelectorAll("li[data-kept]")].map(({ dataset }) => dataset.kept);
      try {
        if (text.trim() || files[0]) localStorage[this.key] = JSON.stringify({ at: Date.now(), account, text, files, fields: this.values() });
        else localStorage.removeItem(this.key);
      } catch {
        this.kept.textContent = this.dataset.full;
      }
    }

    async send() {
      if (this.busy) return;
      this.busy = true;
      this.timer = clearTimeout(this.timer);
      // What this browser can't do must never stand in the way.
      this.through = await this.ready().catch(() => true);
      this.busy = false;
      if (!this.through) return;
      this.said.textContent = "";
      this.unsent.hidden = true;
      this.form.requestSubmit(this.button);
    }
    async ready() {
      return this.decided() && (await this.uploaded()) && (await this.reached()) && this.isConnected;
    }
    decided() {
      this.querySelector("div.support-secret")?.remove();
      for (const field of this.texts) {
        const { value } = field;
        const found = !this.allowed.includes(value) && look(value);
        if (!found) continue;
        const remove = () => {
          field.value = found.text;
          field.focus();
          fire(field);
        };
        const keep = () => {
          this.allowed += value;
          this.send();
        };
        warn(this, "text", { name: field.labels[0].textContent, ...found }, remove, keep);
        return false;
      }
      return true;
    }
    async uploaded() {
      const open = this.form.querySelector("li .support-secret button");
      open?.focus();
      if (this.form.querySelector("progress")) this.said.textContent = this.dataset[open ? "open" : "wait"];
      const rows = [...this.form.querySelectorAll("support-files li")];
      if (open) return;
      await Promise.all(rows.map((row) => row.settled));
      if (!rows.some((row) => row.blocked && row.isConnected)) return true;
      this.said.textContent = this.dataset.blocked;
      this.offer();
    }
    // Asks for next to nothing first, so that neither a dead line nor a page that isn't ours takes the text away.
    async reached() {
      this.trouble = await this.missing();
      if (!this.trouble) return true;
      this.pause = Math.min(this.pause * 2 || 10, 300);
      this.wait();
    }
    // Why the desk can't be had, by the name of its sentence; nothing where it answers, which it alone does so.
    async missing() {
      const asked = { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(8000) };
      const answer = await fetch(this.dataset.alive, asked).catch(() => null);
      const { ok, status, type } = answer ?? {};
      if (ok && (await answer.text().catch(() => "")).trim() === "ok") return;
      if (status === 404 || status === 410) return "nowhere";
      return ok || status === 401 || status === 403 || type === "opaqueredirect" ? "stranger" : "away";
    }
    wait() {
      clearTimeout(this.timer);
      // Where there is no desk none comes by waiting.
      const waits = this.trouble !== "nowhere";
      if (waits) this.timer = setTimeout(() => this.send(), this.pause * 1000);
      const words = this.dataset[this.trouble];
      this.said.textContent = waits ? plural(words, this.pause) : words;
      this.offer();
    }
    // Other ways for what was typed.
    offer() {
      const text = Object.entries(this.values()).filter(([, value]) => value).map((part) => part.join(": ")).join("\n\n");
      this.copied.value = text;
      // A mail program may take no more.
      this.mail.search = `subject=${encodeURIComponent(this.fields.subject?.value ?? document.title)}&body=${encodeURIComponent(text.slice(0, 1500))}`;
      this.unsent.hidden = false;
    }
  },
);
