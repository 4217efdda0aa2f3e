/* Somebody has signed out: what they typed and didn't send goes with them, what nobody in particular typed stays. */
customElements.get("support-left") ||
  customElements.define(
    "support-left",
    class extends HTMLElement {
      connectedCallback() {
        const { account, email } = this.dataset;
        const isTheirs = (text) => {
          try {
            const draft = JSON.parse(text);
            if (draft.account) return draft.account === account;
            return draft.fields.email.trim().toLowerCase() === email.toLowerCase();
          } catch {} // No draft, or one without an address.
        };
        try {
          for (const [key, text] of Object.entries(localStorage)) {
            if (key.startsWith("support-draft:") && isTheirs(text)) localStorage.removeItem(key);
          }
        } catch {} // Storage is forbidden.
      }
    },
  );
