/* Help where one reads: which address was missing, what a link says to the form, and pages that may help. */
customElements.define(
  "support-missing",
  class extends HTMLElement {
    connectedCallback() {
      const link = this.querySelector("a");
      const url = new URL(link.href);
      url.searchParams.set("help-missing", location.pathname);
      link.href = url;
    }
  },
);

customElements.define(
  "support-suggest",
  class extends HTMLElement {
    connectedCallback() {
      const { written_from, subject } = this.closest("form").elements;
      const told = new URLSearchParams();
      for (const [name, value] of new URLSearchParams(location.search)) if (name.startsWith("help-")) told.append(name.slice(5), value);
      written_from.value ||= told;
      const { script } = this.dataset;
      const load = () => import(new URL(script, import.meta.url)).then(({ suggest }) => suggest(this, subject)).catch(() => {});
      if (script) subject.addEventListener("focus", load, { once: true });
      if (script && document.activeElement === subject) load();
    }
  },
);
