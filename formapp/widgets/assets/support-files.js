/* The file field: a file is uploaded once it is chosen, dropped or pasted; what can't be goes with the form. */
customElements.define(
  "support-files",
  class extends HTMLElement {
    connectedCallback() {
      const { upload } = this.dataset;
      this.far = !upload || new URL(upload, location).origin !== location.origin;
      this.list = this.querySelector("ul");
      this.input = this.querySelector("[type=file]");
      this.said = this.querySelector("[role=status]");
      this.onchange = () => this.take(this.input.files);
      this.onclick = this.remove;
      for (const type of ["dragover", "drop", "paste"]) this.input.form.addEventListener(type, this);
    }
    handleEvent(event) {
      const { files, types } = event.dataTransfer ?? event.clipboardData;
      // A copied table is a picture too; then its text is meant.
      if (!types.includes("Files") || types.includes("text/plain")) return;
      event.preventDefault();
      if (event.type !== "dragover") this.take(files);
    }
    take(files) {
      this.said.textContent = "";
      for (const file of [...files]) {
        const wrong = this.wrong(file);
        if (wrong) this.tell(file, wrong, "support-error");
        else {
          const row = this.add(file);
          row.settled = this.keep(row, file);
        }
      }
      this.refill();
    }
    // Which limit the file is beyond, if any.
    wrong({ name, size }) {
      const { kinds, most, ...limits } = this.dataset;
      const { children } = this.list;
      let whole = size;
      for (const row of children) whole += +row.dataset.size;
      if (!kinds.split(" ").some((kind) => name.toLowerCase().endsWith(`.${kind}`))) return "otherKind";
      return size > limits.size ? "tooLarge" : children.length >= most ? "tooMany" : whole > limits.total && "tooMuch";
    }
    // A row of the list, as the server makes it; while it has no token nothing of it is sent.
    add(file) {
      const row = this.querySelector("template").content.firstElementChild.cloneNode(true);
      row.dataset.size = file.size;
      for (const name of row.querySelectorAll("[data-name]")) name.textContent = file.name;
      this.list.append(row);
      if (file.token) this.fill(row, file);
      return row;
    }
    fill(row, file) {
      row.dataset.kept = JSON.stringify(file);
      for (const field of row.querySelectorAll("[name]")) {
        field.disabled = false;
        field.value = file.token;
      }
      const [size, warning] = row.querySelectorAll(".support-hint, .support-warning");
      size.textContent = file.size_words;
      warning.textContent = file.warning;
      row.querySelector("progress").remove();
    }
    async keep(row, chosen) {
      const file = await this.checked(row, chosen);
      const { status, response } = this.far ? {} : await this.send(row, file);
      if (status === 201) {
        this.fill(row, response);
        this.tell(file, "attached");
      } else if (status === 413 || status === 422) {
        row.remove();
        this.say(`${response.error}.`, "support-error");
      } else if (row.isConnected) {
        row.querySelector("progress").remove();
        row.file = file;
        this.refill();
        this.tell(file, "later");
      }
      fire(this);
    }
    // The file itself, or without its secrets, as the person decides.
    async checked(row, file) {
      const bytes = await file.arrayBuffer();
      const wide = new Uint8Array(bytes)[0] === 255;
      // A character for each byte, so that no encoding is harmed; UTF-16 becomes UTF-8.
      const text = new TextDecoder(wide ? "utf-16" : "x-user-defined").decode(bytes);
      const found = !text.includes("\0") && look(text);
      if (!found) return file;
      const clean = wide ? found.text : Uint8Array.from(found.text, (byte) => byte.charCodeAt());
      return new Promise((decided) => warn(row, "file", { name: file.name, ...found }, () => decided(new File([clean], file.name)), () => decided(file)));
    }
    send(row, file) {
      const request = (row.request = new XMLHttpRequest());
      const body = new FormData();
      // Before the file: the desk decides while that comes in.
      if (this.querySelector(":checked")) body.append("clean", 1);
      body.append("file", file);
      request.open("POST", this.dataset.upload);
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) => (row.querySelector("progress").value = loaded / total);
      request.send(body);
      return new Promise((done) => (request.onloadend = () => done(request)));
    }
    remove(event) {
      const button = event.target.closest("[name=remove_file]");
      if (!button) return;
      event.preventDefault();
      const row = button.closest("li");
      row.request?.abort();
      row.remove();
      if (button.value) fetch(this.dataset.remove, { method: "POST", body: new URLSearchParams({ token: button.value }) }).catch(() => {});
      this.refill();
      this.said.textContent = "";
      this.tell({ name: row.querySelector("bdi").textContent }, "removed");
      this.input.focus();
      fire(this);
    }
    // The plain field holds what the form itself must bring, and nothing else.
    refill() {
      const plain = new DataTransfer();
      for (const { file } of this.list.children) if (file) plain.items.add(file);
      this.input.files = plain.files;
    }
    tell({ name }, sentence, className) {
      this.say(fill(this.dataset[sentence], { name }), className);
    }
    say(textContent, className = "") {
      this.said.append(make("span", { textContent, className }), " ");
    }
  },
);
