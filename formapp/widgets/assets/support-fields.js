/* The fields that a policy adds: shown when an answer says so, and any field filled by the page's address. */
customElements.define(
  "support-fields",
  class extends HTMLElement {
    connectedCallback() {
      const whole = this.closest("support-form");
      const { elements } = this.closest("form");
      const ask = () => {
        const given = new URLSearchParams(elements.answers.value);
        // What stands in a hidden field is no answer.
        const holds = ([name, options]) =>
          !whole.querySelector(`[data-field=${name}][data-when]:not([data-asked])`) && options.includes(elements[name]?.value ?? given.get(name));
        for (const place of whole.querySelectorAll("[data-when]"))
          place.toggleAttribute("data-asked", Object.entries(JSON.parse(place.dataset.when)).every(holds));
      };
      const wrong = [];
      const prefill = (place) => {
        const name = place.dataset.field;
        const field = elements[name];
        const value = query.get(name.replace("field-", ""));
        // An address may not say who sends.
        if (!value || !field || field.value || name === "email") return;
        field.value = value;
        // A date or a choice that there isn't can't be set; of a number, only its form is judged here.
        if (field.value === value && field.validity?.valid !== false && !(value.length > field.dataset?.most)) return;
        field.value = "";
        wrong.push(place.querySelector("label, legend").textContent);
      };
      const query = new URLSearchParams(location.search);
      const { ignored } = this.dataset;
      // The desk has filled its own page. Of two forms on a page the address may name one.
      if (ignored && [null, whole.dataset.form ?? ""].includes(query.get("form"))) whole.querySelectorAll("[data-field]").forEach(prefill);
      if (wrong[0]) this.firstChild.textContent = `${ignored} ${wrong.join(", ")}.`;
      // A kept draft comes back with an event that doesn't bubble; the chooser's answers are noted by the form first.
      whole.addEventListener("input", ask, true);
      whole.addEventListener("support-answers", ask);
      ask();
    }
  },
);
