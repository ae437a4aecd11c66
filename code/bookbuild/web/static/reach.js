/* What scrolls sideways can be reached by keyboard: formulas, code and
   tables become a stop of the Tab key while they are wider than the page. */
(() => {
  const scrollers = box => box.matches("div.math")
    ? box.querySelectorAll("mjx-container") : [box];
  const sizes = new ResizeObserver(changes => {
    for (const { target } of changes)
      for (const scroller of scrollers(target))
        if (scroller.scrollWidth > scroller.clientWidth + 1)
          scroller.tabIndex = 0;
        else
          scroller.removeAttribute("tabindex");
  });
  document.querySelectorAll(".bd-article :is(div.math, pre, " +
    ".pst-scrollable-table-container)").forEach(box => sizes.observe(box));
})();
