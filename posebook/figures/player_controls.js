// What a reader can do with a player: play, scrub, choose a part, turn, ask a joint where it is.
function player(root) {
  const find = selector => root.querySelector(selector);
  const d = JSON.parse(document.getElementById(`${root.id}-data`).textContent), film = d.film;
  const video = find("video"), image = find("img");
  const slider = find("input"), button = find("button"), say = find("output");
  const speed = find(".speed"), part = find(".part"), tip = find(".tip");
  const spots = {flat: [], solid: []};
  const state = {frame: 0, yaw: -0.5, pitch: 0.2, zoom: 1, playing: false, wanted: null};
  let broken = false, range = d.parts[0], began = null;
  root.classList.add("alive");
  // Frames are counted from the first one that the page has; the film has some of them.
  const inFilm = f => video && !broken && f >= film.first && f < film.first + film.count;
  const ofFilm = () => film.first + Math.round(video.currentTime * film.rate - 0.01);
  const picture = () => image ? image.naturalWidth && image
    : inFilm(state.frame) && video.readyState >= 2 ? video : null;
  const drawFlat = flat(d, find(".seen canvas"), state, picture, spots);
  const drawSolid = solid(d, find(".solid canvas"), state, spots);

  function show(frame) {
    state.frame = frame;
    drawFlat();
    drawSolid();
    root.dataset.frame = frame + d.first;
    if (!slider) return;
    slider.value = frame;
    const seconds = (frame + d.first) / d.rate;
    say.textContent = `frame ${frame + d.first} (${seconds.toFixed(2)} s)`;
    slider.setAttribute("aria-valuetext", say.textContent);
  }
  function go(frame) {  // the film says when it has got there
    if (!inFilm(frame)) {
      state.wanted = null;
      return show(frame);
    }
    const free = state.wanted === null;
    state.wanted = frame;
    if (free) video.currentTime = (frame - film.first + 0.5) / film.rate;
  }
  function arrived() {
    if (state.playing || state.wanted === null) return;
    const wanted = state.wanted;
    state.wanted = null;
    if (ofFilm() === wanted || !inFilm(wanted)) show(wanted); else go(wanted);
  }
  const ticks = frame => {  // a frame of the film is on its way to the screen
    if (!state.playing) {
      if (inFilm(state.frame) && state.wanted === null) show(frame);
      return;
    }
    if (frame > range.last) return stop(range.last);
    show(frame);
    if (frame >= range.last) stop();
    else if (frame >= film.first + film.count - 1) run();
  };
  function stop(frame = null) {
    state.playing = false;
    if (video) video.pause();
    if (button) button.textContent = "▶ Play";
    if (frame !== null) go(frame);
  }
  function run() {  // by the film where there is one, else by the clock
    if (inFilm(state.frame) && state.frame < film.first + film.count - 1) {
      video.playbackRate = Math.min(16, Math.max(0.07, +speed.value * d.rate / film.rate));
      video.play().catch(() => {});
      return;
    }
    began = null;
    requestAnimationFrame(clock);
  }
  function clock(now) {
    if (!state.playing) return;
    began = began || [now, state.frame];
    const frame = began[1] + Math.floor((now - began[0]) * d.rate * +speed.value / 1000);
    if (frame >= range.last) { stop(); return show(range.last); }
    if (frame > state.frame && inFilm(frame)) {
      state.frame = frame;
      video.currentTime = (frame - film.first + 0.5) / film.rate;
      return run();
    }
    if (frame > state.frame) show(frame);
    requestAnimationFrame(clock);
  }
  function toggle() {
    if (state.playing) return stop();
    const start = state.frame >= range.last ? range.first : state.frame;
    state.playing = true;
    button.textContent = "❚❚ Pause";
    if (inFilm(start) && (start !== state.frame || state.wanted !== null)) {
      state.wanted = null;
      video.currentTime = (start - film.first + 0.5) / film.rate;
    }
    state.frame = start;
    run();
  }
  function choose(which) {
    range = d.parts[which];
    if (slider) [slider.min, slider.max] = [range.first, range.last];
    state.fit(range.first, range.last);
    find(".squares").textContent = `Squares on the floor: ${state.square} mm.`;
  }
  if (video) {
    const told = (_, meta) => {
      ticks(film.first + Math.round(meta.mediaTime * film.rate));
      video.requestVideoFrameCallback(told);
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(told);
    else video.addEventListener("timeupdate", () => ticks(ofFilm()));
    video.addEventListener("seeked", arrived);
    video.addEventListener("loadeddata", () => {
      state.wanted = null;
      if (!state.playing) go(state.frame);
    });
    video.addEventListener("ended", () => {
      if (!state.playing) return;
      state.frame = film.first + film.count - 1;
      if (state.frame >= range.last) stop(); else run();
    });
    video.addEventListener("error", () => {
      broken = true;
      find(".broken").hidden = false;
      stop();
      show(state.frame);
    });
  }
  if (image) image.decode().then(() => show(state.frame)).catch(() => {});
  if (slider) {
    button.addEventListener("click", toggle);
    slider.addEventListener("input", () => {
      if (state.playing) stop();
      go(+slider.value);
    });
    speed.addEventListener("change", () => { if (state.playing) { stop(); toggle(); } });
    root.addEventListener("keydown", e => {
      if (e.key === " " && !["BUTTON", "SELECT", "SUMMARY"].includes(e.target.tagName)) {
        e.preventDefault();
        toggle();
      }
    });
  }
  if (part) part.addEventListener("change", () => {
    if (state.playing) stop();
    choose(+part.value);
    go(range.first);
  });
  turning(find(".solid canvas"), state, drawSolid, root);
  for (const kind of ["flat", "solid"])
    pointing(find(kind === "flat" ? ".seen canvas" : ".solid canvas"), () => spots[kind], tip, d);
  choose(0);
  show(range.first);
  go(range.first);
}

/** Turn and enlarge a 3D drawing: by mouse, by finger, by keys. */
function turning(canvas, state, draw, root) {
  const home = {yaw: state.yaw, pitch: state.pitch, zoom: 1};
  const change = (yaw, pitch, zoom = 1) => {
    state.yaw += yaw;
    state.pitch = Math.max(-0.3, Math.min(1.55, state.pitch + pitch));
    state.zoom = Math.max(0.4, Math.min(12, state.zoom * zoom));
    root.dataset.yaw = state.yaw.toFixed(3);
    draw();
  };
  let from = null;
  canvas.addEventListener("pointerdown", e => {
    from = [e.clientX, e.clientY];
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener("pointermove", e => {
    if (!from) return;
    change((e.clientX - from[0]) / 120, (e.clientY - from[1]) / 160);
    from = [e.clientX, e.clientY];
  });
  for (const end of ["pointerup", "pointercancel"])
    canvas.addEventListener(end, () => { from = null; });
  canvas.addEventListener("wheel", e => {
    // The wheel turns pages, unless the drawing was chosen before.
    if (document.activeElement !== canvas) return;
    e.preventDefault();
    change(0, 0, Math.exp(-e.deltaY / 500));
  }, {passive: false});
  canvas.addEventListener("dblclick", () => { Object.assign(state, home); change(0, 0); });
  const keys = {
    ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1],
    "+": [0, 0, 1.15], "=": [0, 0, 1.15], "-": [0, 0, 1 / 1.15],
  };
  canvas.addEventListener("keydown", e => {
    if (e.key === "Home") Object.assign(state, home);
    else if (!(e.key in keys)) return;
    e.preventDefault();
    change(...(keys[e.key] || [0, 0]));
  });
}

/** The name and place of the joint under the mouse. */
function pointing(canvas, spots, tip, d) {
  canvas.addEventListener("pointermove", e => {
    const box = canvas.getBoundingClientRect(), [x, y] = [e.clientX - box.left, e.clientY - box.top];
    const near = spots().map(s => [Math.hypot(s[0] - x, s[1] - y), s])
      .reduce((a, b) => b[0] < a[0] ? b : a, [12, null])[1];
    tip.hidden = !near || e.buttons;
    if (!near) return;
    const who = d.people > 1 ? `${d.names[near[2]]}, ` : "";
    tip.textContent = `${who}${near[3].replaceAll("_", " ")}: ${near[4]}`;
    tip.style.left = `${canvas.offsetLeft + near[0] + 10}px`;
    tip.style.top = `${canvas.offsetTop + near[1] + 8}px`;
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
}
document.querySelectorAll("figure.player").forEach(player);
