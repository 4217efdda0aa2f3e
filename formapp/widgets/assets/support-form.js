/* Makes the ticket form kinder: an id for this very form, the chooser's answers, who is signed in, a count. */
customElements.define(
  "support-form",
  class extends HTMLElement {
      connectedCallback() {
        this.form = this.querySelector("form");
        const { elements } = this.form;
        elements.submission.value ||= crypto.getRandomValues(new Uint32Array(4)).join("-");
        this.addEventListener("support-answers", (event) => this.choose(event));
        this.querySelector(".support-summary")?.addEventListener("click", this);
        this.count(elements.description);
        if ("embedded" in this.dataset) {
          elements.page.value ||= location.pathname;
          this.prefill(new URLSearchParams(location.search));
          this.recognise();
        }
      }
      // A mistake's link goes to its field; the theme would load the page anew, without what was typed.
      handleEvent(event) {
        const field = this.form.elements[event.target.hash?.slice(1)];
        if (!field) return;
        event.preventDefault();
        field.focus();
      }
      // The chooser's link on another page brings its result in the query.
      prefill(query) {
        const radio = [...this.form.querySelectorAll("[name=priority]")].find((one) => one.value === query.get("priority"));
        if (!radio || this.form.querySelector("[name=priority]:checked")) return;
        radio.checked = true;
        query.delete("priority");
        this.form.elements.answers.value = query;
      }
      choose(event) {
        event.preventDefault();
        const { priority, query } = event.detail;
        const radio = this.form.querySelector(`[name=priority][value="${CSS.escape(priority)}"]`);
        radio.checked = true;
        this.form.elements.answers.value = query;
        this.querySelector(".support-help").open = false;
        this.querySelector("[data-said]").textContent = `${radio.labels[0].firstElementChild.textContent} is chosen.`;
        radio.focus();
      }
      // Says how much room is left, once it gets scarce; waits for a pause in typing.
      count(field) {
        const said = this.querySelector("[data-count]");
        let pause;
        const say = () => {
          const left = field.dataset.most - [...field.value].length;
          const some = Math.abs(left).toLocaleString("en");
          said.textContent = left > field.dataset.most / 5 ? "" : left < 0 ? `You have ${some} characters too many` : `You have ${some} characters left`;
        };
        field.addEventListener("input", () => {
          clearTimeout(pause);
          pause = setTimeout(say, 500);
        });
        say();
      }
      // A static page can't know who reads it; the desk can, if it is on the same origin.
      async recognise() {
        const url = new URL("../form-context.json", this.form.action.replace(/\/?$/, "/"));
        if (url.origin !== location.origin) return;
        const answer = await fetch(url, { credentials: "same-origin" }).catch(() => null);
        const known = answer?.ok && (await answer.json().catch(() => null));
        if (!known?.signed_in_as) return;
        const who = this.querySelector("[data-who]");
        who.querySelector("strong").textContent = known.signed_in_as;
        who.hidden = false;
        this.querySelector("[data-field=email]")?.remove();
        const typed = this.form.elements.project;
        if (!known.projects.length || typed.tagName === "SELECT") return;
        const select = document.createElement("select");
        select.append(new Option("Choose a project", ""), ...known.projects.map(({ key, name }) => new Option(name, key)));
        Object.assign(select, { id: typed.id, name: "project", required: true });
        const same = known.projects.find(({ key, name }) => [key, name].includes(typed.value)) ?? (known.projects.length === 1 && known.projects[0]);
        if (same) select.value = same.key;
        typed.closest(".support-field").querySelector("label").textContent = "Project";
        typed.closest(".support-field").querySelector(".support-hint")?.remove();
        typed.replaceWith(select);
      }
    },
  );
