/* Fills the scoreboard from the file beside the guide, which the desk keeps up to date. Without it all stays as it is. */
const read = async () => {
  const answer = await fetch(new URL("../support-scoreboard.json", import.meta.url), { cache: "no-cache" });
  // Something else may answer in the file's place.
  const found = answer.ok ? await answer.json().catch(() => null) : null;
  return found?.months?.length && found.priorities ? found : null;
};
const figures = read().catch(() => null);

customElements.define(
  "support-scoreboard",
  class extends HTMLElement {
    async connectedCallback() {
      const found = await figures;
      if (!found) return;
      // As the desk writes dates and numbers in each language.
      const spoken = this.lang === "en" ? "en-GB" : this.lang + "-u-nu-latn";
      const { kept, missed, few, none, told } = this.dataset;
      const plural = (forms, count) =>
        JSON.parse(forms)[new Intl.PluralRules(this.lang).select(count)].replace("{count}", count.toLocaleString(spoken));
      const date = (day, form) => new Date(day + "T12:00Z").toLocaleDateString(spoken, { timeZone: "UTC", ...form });
      this.querySelectorAll("[data-month]").forEach((cell, place) => {
        if (found.months[place]) cell.textContent = date(found.months[place] + "-01", { month: "short", year: "numeric" });
      });
      for (const row of this.querySelectorAll("[data-id]")) {
        const told = found.priorities[row.dataset.id]?.[row.parentNode.dataset.target];
        row.querySelectorAll("td").forEach(({ children: [first, second] }, place) => {
          const figure = told?.[place];
          first.textContent = figure ? (figure === "few" ? few : plural(kept, figure[0])) : none;
          second.textContent = Array.isArray(figure) ? plural(missed, figure[1]) : "";
        });
      }
      this.querySelector("[data-state]").textContent = told.replace("{day}", date(found.day, { dateStyle: "long" }));
    }
  },
);
