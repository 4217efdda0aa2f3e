/* Shows the chooser's tree one question at a time. It holds no rule: it follows the page's own tree. */
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(Boolean));
  return element;
};
const text = (element) => element.textContent.trim();
customElements.define(
    "support-chooser",
    class extends HTMLElement {
      connectedCallback() {
        this.tree = this.querySelector("[data-tree]");
        this.tree.hidden = true;
        this.nested = "nested" in this.dataset;
        this.view ||= this.appendChild(make("div"));
        if (!this.nested) addEventListener("hashchange", this);
        this.show(this.asked() || new Map(), false);
      }
      disconnectedCallback() {
        removeEventListener("hashchange", this);
      }
      handleEvent() {
        this.show(this.asked());
      }
      // The answers that the address names; nothing where it names something else.
      asked() {
        const [name, query] = location.hash.slice(1).split(":");
        if (!name || (name === this.id && query != null)) return new Map(new URLSearchParams(query));
      }
      go(answers) {
        // Not location.hash: after it the browser takes the focus away again.
        if (!this.nested) history.pushState(null, "", `#${this.id}:${new URLSearchParams(answers)}`);
        this.show(new Map(answers));
      }
      // Replays answers from the first question: the state they lead to.
      replay(answers) {
        const given = new Map();
        const notes = new Set();
        let waiting = [this.tree.firstElementChild];
        let best;
        while (waiting.length) {
          let node = waiting.shift();
          while (node.dataset.question) {
            const question = node.dataset.question;
            const chosen = answers.get(question);
            const option = [...node.querySelectorAll(":scope > ul > li > details")].find((one) => one.dataset.option == chosen);
            if (!option) return { node, given, notes };
            if (!given.has(question)) {
              const note = option.querySelector(":scope > .support-note");
              if (note) notes.add(text(note));
              given.set(question, { option, node });
            }
            const [next, ...others] = option.dataset.to.split(" ").map((id) => document.getElementById(id));
            waiting = [...others, ...waiting];
            node = next;
          }
          if (!best || +node.dataset.rank < +best.dataset.rank) best = node;
          if (best.dataset.rank == 0) break;
        }
        return { best, given, notes };
      }
      show(answers, move = true) {
        if (!answers) return;
        const { node, best, given, notes } = this.replay(answers);
        this.answers = new Map([...given].map(([question, { option }]) => [question, option.dataset.option]));
        const gone = node && answers.size > given.size && make("p", { className: "support-hint", textContent: this.dataset.gone });
        const parts = [gone, best ? this.card(best, notes) : this.question(node), given.size && this.given(given)];
        this.view.replaceChildren(...parts.filter(Boolean));
        if (move) this.view.querySelector("[tabindex]").focus();
      }
      question(node) {
        const name = `${this.id}-${node.dataset.question}`;
        const hint = node.querySelector(":scope > .support-hint");
        const error = make("p", { className: "support-error", role: "alert" });
        const field = make("fieldset", {}, make("legend", { tabIndex: -1, textContent: text(node.firstElementChild) }), hint?.cloneNode(true), error);
        for (const option of node.querySelectorAll(":scope > ul > li > details")) {
          const radio = make("input", { type: "radio", name, value: option.dataset.option });
          // The radio belongs to no form: it must not travel with the ticket.
          radio.setAttribute("form", "");
          const words = make("span", { innerHTML: option.querySelector("summary").innerHTML });
          field.append(make("label", { className: "support-choice" }, radio, words));
        }
        const next = () => {
          const chosen = field.querySelector(":checked");
          if (chosen) return this.go([...this.answers, [node.dataset.question, chosen.value]]);
          error.textContent = this.dataset.none;
          field.querySelector("input").focus();
        };
        field.onkeydown = (event) => {
          if (event.key !== "Enter" || event.target.type !== "radio") return;
          event.preventDefault();
          next();
        };
        const back = this.answers.size && this.button(this.dataset.back, () => this.go([...this.answers].slice(0, -1)));
        field.append(make("p", {}, this.button(this.dataset.next, next, "support-button"), back));
        return field;
      }
      button(textContent, onclick, className = "support-button support-button--quiet") {
        return make("button", { type: "button", className, textContent, onclick });
      }
      card(result, notes) {
        const card = result.cloneNode(true);
        card.removeAttribute("id");
        card.tabIndex = -1;
        const query = new URLSearchParams(this.answers);
        const priority = result.dataset.result;
        card.querySelector("blockquote").after(...[...notes].map((note) => make("p", { textContent: note })));
        const send = card.querySelector(".support-button");
        if (send.href) send.search = `priority=${priority}&${query}`;
        send.value = query;
        send.onclick = () => this.dispatchEvent(new CustomEvent("support-answers", { bubbles: true, cancelable: true, detail: { priority, query } }));
        send.after(this.button(this.dataset.again, () => this.go([])));
        return card;
      }
      given(given) {
        const rows = [...given].map(([question, { option, node }], index) => {
          const title = text(node.firstElementChild);
          const words = make("span", {}, make("small", { textContent: title }), text(option.querySelector("summary > span")));
          const change = this.button(this.dataset.change, () => this.go([...this.answers].slice(0, index)));
          change.ariaLabel = this.dataset.changeOf.replace("{question}", () => title);
          return make("li", {}, words, change);
        });
        return make("ul", { className: "support-given" }, ...rows);
      }
    },
  );
