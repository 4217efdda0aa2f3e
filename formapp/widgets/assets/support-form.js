/* Makes the ticket form kinder: an id for this very form, the chooser's answers, who is signed in, a count. */
const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
const json = (url) => fetch(url, { signal: AbortSignal.timeout(8000) }).then((answer) => answer.json()).catch(() => null);
const lang = () => told().dataset.lang;
const fill = (sentence, values) => sentence.replace(/{(\w+)}/g, (_, name) => values[name]);
// A sentence in the form that its language has for this count.
const plural = (forms, count) =>
  fill(JSON.parse(forms)[new Intl.PluralRules(lang()).select(count)], { count: count.toLocaleString(lang()) });
const fire = (field, bubbles = true) => field.dispatchEvent(new Event("input", { bubbles }));

customElements.define(
  "support-form",
  class extends HTMLElement {
    connectedCallback() {
      this.form = this.querySelector("form");
      this.fields = this.form.elements;
      this.fields.submission.value ||= crypto.getRandomValues(new Uint32Array(4)).join("-");
      this.addEventListener("support-answers", (event) => this.choose(event));
      this.onchange = ({ target }) => this.compare(target);
      if (this.fields.description) this.count(this.fields.description);
      if ("embedded" in this.dataset) {
        this.fields.page.value ||= location.pathname;
        this.prefill(new URLSearchParams(location.search));
        // What this browser has kept waits until it is known for whom the form is.
        this.known = this.recognise();
      }
    }
    // The chooser's link on another page brings its result in the query.
    prefill(query) {
      const { priority, answers } = this.fields;
      if (priority?.value !== "") return;
      priority.value = query.get("priority");
      query.delete("priority");
      if (priority.value) answers.value = query;
    }
    choose(event) {
      event.preventDefault();
      const { priority, query } = event.detail;
      this.fields.priority.value = priority;
      this.fields.answers.value = query;
      this.querySelector(".support-help").open = false;
      const radio = this.querySelector("[name=priority]:checked");
      this.querySelector("[data-said]").textContent = fill(this.dataset.chosen, { priority: radio.labels[0].firstElementChild.textContent });
      radio.focus();
    }
    // What a colleague has just reported in the same project; only who is signed in can choose one.
    async compare(changed) {
      const { project, subject } = this.fields;
      if (!project.options || !project.value || !subject.value) return;
      if (look(subject.value) || ![project, subject].includes(changed)) return;
      const answer = await json(`${this.dataset.similar}&${new URLSearchParams({ project: project.value, subject: subject.value })}`);
      const found = answer?.similar?.[0];
      this.querySelector("[data-alike]").replaceChildren(found ? make("a", { href: found.url, textContent: `${found.sentence}: ${found.subject}` }) : "");
    }
    // Says how much room is left, once it gets scarce; waits for a pause in typing.
    count(field) {
      const { most } = field.dataset;
      const say = () => {
        const left = most - [...field.value].length;
        this.querySelector("[data-count]").textContent =
          left > most / 5 ? "" : plural(this.dataset[left < 0 ? "over" : "left"], Math.abs(left));
      };
      field.addEventListener("input", () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(say, 500);
      });
      say();
    }
    // A static page can't know who reads it; the desk can, if it is on the same origin.
    async recognise() {
      const url = new URL("form-context.json", this.form.action);
      if (url.origin !== location.origin) return;
      const known = await json(url);
      // Something else may answer in the desk's place.
      if (!known?.signed_in_as || !known.projects) return;
      const who = this.querySelector("[data-who]");
      who.querySelector("strong").textContent = known.sending_as;
      who.dataset.email = known.signed_in_as;
      who.hidden = false;
      this.form.append(make("input", { type: "hidden", name: "made_for", value: known.made_for }));
      this.querySelector("[data-field=email]")?.remove();
      const typed = this.fields.project;
      if (!known.projects.length || typed.options) return;
      const select = make("select", { id: typed.id, name: "project", required: true });
      select.append(new Option(this.dataset.choose, ""), ...known.projects.map(({ key, name }) => new Option(name, key)));
      const same = known.projects.find(({ key, name }) => !known.projects[1] || [key, name].includes(typed.value));
      if (same) select.value = same.key;
      const field = typed.closest(".support-field");
      typed.labels[0].textContent = this.dataset.project;
      field.querySelector(".support-hint")?.remove();
      typed.replaceWith(select);
    }
  },
);
