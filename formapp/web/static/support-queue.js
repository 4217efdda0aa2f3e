/* Selecting tickets without loading the page: all of them by one press, their number said beside. */
for (const form of document.querySelectorAll(".support-bulk-form")) {
  const boxes = [...form.querySelectorAll('input[name="ticket"]')];
  const count = form.querySelector("[data-selected]");
  const tell = () => (count.textContent = boxes.filter((box) => box.checked).length);
  form.addEventListener("change", tell);
  // Going back, browsers bring the boxes back as they were.
  addEventListener("pageshow", tell);
  form.querySelector("[data-select-all]").addEventListener("click", (event) => {
    event.preventDefault();
    const all = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = all;
    tell();
  });
}
