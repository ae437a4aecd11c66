/* What scrolls sideways can be reached by keyboard: formulas, code and
   tables become a stop of the Tab key, with a name, while they are wider
   than the page. A formula within a line that is wider than the lines
   themselves becomes such a box too. And who presses a button of the page's
   frame by keyboard stays there. */
(() => {
  const NAMES = { "MJX-CONTAINER": "Formula", PRE: "Code" };

  function reach(box, wide) {
    if (wide === (box.tabIndex === 0)) return;
    if (wide) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", `${NAMES[box.tagName] ?? "Table"}, wider than the page`);
    } else
      for (const name of ["tabindex", "role", "aria-label"])
        box.removeAttribute(name);
  }
  const overflows = box => box.scrollWidth > box.clientWidth;

  const sizes = new ResizeObserver(changes => {
    for (const { target } of changes)
      for (const box of target.matches("div.math")
          ? target.querySelectorAll("mjx-container") : [target])
        reach(box, overflows(box));
  });
  document.querySelectorAll(".bd-article :is(div.math, pre, " +
    ".pst-scrollable-table-container)").forEach(box => sizes.observe(box));

  // lines of text that hold formulas, once these are set
  const lines = new ResizeObserver(changes => {
    for (const { target } of changes)
      for (const box of target.querySelectorAll("span.math > mjx-container")) {
        if (block(box) !== target) continue;
        const wide = box.firstElementChild.getBoundingClientRect().width
          > target.clientWidth + 1;
        box.parentElement.classList.toggle("wide", wide);
        reach(box, wide);
      }
  });
  const block = box => {
    for (let e = box.parentElement; ; e = e.parentElement)
      if (!getComputedStyle(e).display.startsWith("inline")) return e;
  };
  addEventListener("load", async () => {
    try { await window.MathJax?.startup?.promise; }
    finally { document.documentElement.classList.remove("sets-math"); }
    new Set([...document.querySelectorAll(
      ".bd-article span.math > mjx-container")].map(block))
      .forEach(text => lines.observe(text));
  });

  // the theme's script drops the keyboard's place at these
  document.querySelectorAll(".theme-switch-button, .search-button, " +
    ".sidebar-toggle").forEach(button => button.addEventListener("click",
    event => {
      if (event.detail === 0) setTimeout(() => {
        const dialog = document.querySelector("dialog[open]");
        if (dialog)
          dialog.addEventListener("close", () => button.focus(), { once: true });
        else
          button.focus();
      });
    }));
})();
