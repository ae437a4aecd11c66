/* Pictures to step through. Without this script `.frames` is a strip that
   scrolls and snaps; here it gets buttons, a slider and a spoken place.
   It plays nothing by itself and moves at once, so that a change between
   two pictures is seen where it happens. */
(() => {
  const icon = path =>
    `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;

  function enhance(strip) {
    const frames = [...strip.querySelectorAll(":scope > figure")];
    if (frames.length < 2) return;
    const count = frames.length;
    const bar = document.createElement("div");
    bar.className = "frames-bar";
    bar.innerHTML =
      `<button type="button" aria-label="Previous frame">${icon("M15 5l-7 7 7 7")}</button>` +
      `<input type="range" min="1" max="${count}" value="1" aria-label="Frame">` +
      `<button type="button" aria-label="Next frame">${icon("M9 5l7 7-7 7")}</button>` +
      `<span class="status"></span><span class="visually-hidden" aria-live="polite"></span>`;
    const [previous, next] = bar.querySelectorAll("button");
    const slider = bar.querySelector("input");
    const [status, spoken] = bar.querySelectorAll("span");
    let now = 0;

    function tell(i, aloud) {
      const words = frames[i].querySelector("figcaption")?.textContent ?? "";
      const place = `${i + 1} of ${count}`;
      status.textContent = place;
      slider.value = i + 1;
      slider.setAttribute("aria-valuetext", `${place}: ${words}`);
      previous.setAttribute("aria-disabled", i === 0);
      next.setAttribute("aria-disabled", i === count - 1);
      if (aloud) spoken.textContent = `${place}: ${words}`;
      now = i;
    }
    function show(i, aloud = true) {
      i = Math.max(0, Math.min(count - 1, i));
      strip.scrollTo({ left: frames[i].offsetLeft, behavior: "instant" });
      if (i !== now) tell(i, aloud);
    }

    previous.addEventListener("click", () => show(now - 1));
    next.addEventListener("click", () => show(now + 1));
    // the slider says its own value
    slider.addEventListener("input", () => show(slider.value - 1, false));
    strip.addEventListener("keydown", event => {
      const to = { ArrowLeft: now - 1, ArrowRight: now + 1,
                   Home: 0, End: count - 1 }[event.key];
      if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      show(to);
    });
    // a finger or a wheel moved the strip
    strip.addEventListener("scroll", () => {
      const i = Math.round(strip.scrollLeft / (strip.clientWidth || 1));
      if (strip.clientWidth && i !== now && frames[i]) tell(i, true);
    }, { passive: true });
    // another width, or shown after being hidden: the same frame stays
    new ResizeObserver(() => show(now)).observe(strip);

    strip.classList.add("scripted");
    strip.after(bar);
    tell(0, false);
  }

  document.querySelectorAll(".frames").forEach(enhance);
})();
