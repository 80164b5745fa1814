// A player for each figure of class "player": the picture or film with key points on it, and the
// pose in 3D beside it, always of the same frame. `player.py` writes what it reads.
"use strict";
const COLOUR = {left: "#D55E00", right: "#0072B2", middle: "#6B6B6B", truth: "#000000"};
const INK = "#1F2328", FLOOR = "#BCC2CA", BLANK = "#EEF0F2", MISSING = -32768;
const SQUARES_MM = [250, 500, 1000, 2000, 5000, 10000];

/** Numbers kept as 16 bits each: a function from an index to a value, NaN where there is none. */
function numbers(kept) {
  if (!kept) return null;
  const bytes = Uint8Array.from(atob(kept.text), letter => letter.charCodeAt(0));
  const whole = new Int16Array(bytes.buffer);
  return i => whole[i] === MISSING ? NaN : whole[i] * kept.step + kept.middle;
}

/** A joint: a circle on the left, a square on the right, a diamond in the middle. */
function mark(pen, side, x, y, size, hollow, edge, colour) {
  pen.beginPath();
  if (side === "left") pen.arc(x, y, size, 0, 7);
  else if (side === "right") pen.rect(x - 0.9 * size, y - 0.9 * size, 1.8 * size, 1.8 * size);
  else {
    const r = 1.25 * size;
    pen.moveTo(x - r, y); pen.lineTo(x, y - r); pen.lineTo(x + r, y); pen.lineTo(x, y + r);
    pen.closePath();
  }
  pen.setLineDash([]);
  pen.fillStyle = hollow ? "#FFFFFF" : colour;
  pen.fill();
  pen.lineWidth = hollow ? 1.6 : 1.2;
  pen.strokeStyle = hollow ? colour : edge;
  pen.stroke();
}

function line(pen, a, b, colour, width, dash) {
  pen.beginPath(); pen.moveTo(a[0], a[1]); pen.lineTo(b[0], b[1]);
  pen.setLineDash(dash); pen.strokeStyle = colour; pen.lineWidth = width; pen.stroke();
}

/** A canvas as sharp as the screen, `draw(pen, width, height)` being called whenever it changes. */
function sheet(canvas, draw) {
  const pen = canvas.getContext("2d");
  const again = () => {
    const sharp = window.devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
    if (!w || !h) return;
    if (canvas.width !== Math.round(w * sharp)) canvas.width = Math.round(w * sharp);
    if (canvas.height !== Math.round(h * sharp)) canvas.height = Math.round(h * sharp);
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen.clearRect(0, 0, w, h);
    pen.lineCap = pen.lineJoin = "round";
    pen.font = "12px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
    draw(pen, w, h);
  };
  new ResizeObserver(again).observe(canvas);
  return again;
}

/** Key points of a frame: places[person][joint], or null where a joint is missing. */
function placesOf(at, frame, people, joints, size) {
  return Array.from({length: people}, (_, who) => Array.from({length: joints}, (_, j) => {
    const start = ((frame * people + who) * joints + j) * size;
    const place = Array.from({length: size}, (_, k) => at(start + k));
    return place.every(Number.isFinite) ? place : null;
  }));
}

/** The picture with key points on it; returns what draws frame `state.frame`. */
function flat(d, canvas, state, background, spots) {
  const seen = numbers(d.seen), windows = numbers(d.windows), m = d.marked;
  const shape = windows ? [0, 1].map(k => windows(2 * k + 1) - windows(2 * k)) : d.size;
  canvas.style.aspectRatio = `${shape[0]} / ${shape[1]}`;
  return sheet(canvas, (pen, w, h) => {
    const view = windows ? [0, 1, 2, 3].map(k => windows(4 * state.frame + k))
      : [0, d.size[0], 0, d.size[1]];
    const scale = Math.min(w / (view[1] - view[0]), h / (view[3] - view[2]));
    const wide = (view[1] - view[0]) * scale, tall = (view[3] - view[2]) * scale;
    const [left, top] = [(w - wide) / 2, (h - tall) / 2];  // in the middle of its place
    const to = p => [left + (p[0] - view[0]) * scale, top + (p[1] - view[2]) * scale];
    const picture = background();
    pen.fillStyle = BLANK;
    pen.fillRect(left, top, wide, tall);
    if (picture) pen.drawImage(picture, ...to([0, 0]), d.size[0] * scale, d.size[1] * scale);
    else if (d.film) {
      pen.fillStyle = INK;
      pen.fillText("The film is not in this page here: key points alone.", left + 10, top + 20);
    }
    spots.flat = [];
    const bone = 2.5 + wide / 400;
    placesOf(seen, state.frame, d.people, m.joints.length, 2).forEach((joints, who) => {
      const shown = joints.map(p => p && to(p));
      for (const halo of picture ? [true, false] : [false]) for (const [a, b, side, made] of m.bones)
        if (shown[a] && shown[b]) line(pen, shown[a], shown[b],
          halo ? "rgba(255,255,255,.75)" : COLOUR[side], halo ? bone + 3 : bone,
          made && !halo ? [1, bone + 3] : []);
      shown.forEach((p, j) => p && mark(pen, m.sides[j], ...p, 0.6 + bone, m.invented[j],
        "#FFFFFF", COLOUR[m.sides[j]]));
      shown.forEach((p, j) => p && spots.flat.push(
        [...p, who, m.joints[j], joints[j].map(v => v.toFixed(0)).join(", ") + " px"]));
      label(pen, d, who, shown);
    });
  });
}

/** The person's number over the head, where there are several. */
function label(pen, d, who, shown) {
  const there = shown.filter(Boolean);
  if (d.people < 2 || !there.length) return;
  const top = there.reduce((a, b) => b[1] < a[1] ? b : a);
  const text = d.names[who], wide = pen.measureText(text).width + 10;
  const x = top[0] - wide / 2, y = Math.max(0, top[1] - 30);
  pen.fillStyle = "rgba(31,35,40,.85)";
  pen.beginPath(); pen.rect(x, y, wide, 18); pen.fill();
  pen.fillStyle = "#FFFFFF";
  pen.fillText(text, x + 5, y + 13);
}

/** The pose in 3D; returns what draws frame `state.frame` as `state` is turned. */
function solid(d, canvas, state, spots) {
  const pose = numbers(d.pose), truth = numbers(d.truth), h = d.house, n = h.joints.length;
  const hip = h.joints.indexOf(d.root);
  const foot = frame => {  // where a person who is followed stands
    const p = d.follow && placesOf(pose, frame, 1, n, 3)[0][hip];
    return p ? [p[0], p[1]] : [0, 0];
  };
  state.fit = (first, last) => {
    const values = [[], [], []], step = Math.max(1, Math.floor((last - first) / 400));
    for (let f = first; f <= last; f += step) {
      const away = foot(f);
      placesOf(pose, f, d.people, n, 3).flat().forEach(p => p && p.forEach(
        (v, k) => values[k].push(k < 2 ? v - away[k] : v)));
    }
    values.forEach(all => all.sort((a, b) => a - b));
    // A few places far off do not make everybody small.
    const at = (all, share) => all.length ? all[Math.round(share * (all.length - 1))] : 0;
    const low = values.map(all => at(all, 0.005)), high = values.map(all => at(all, 0.995));
    low[2] = Math.min(low[2], 0);
    for (const k of [0, 1, 2]) if (high[k] - low[k] < 800) {
      const more = 400 - (high[k] - low[k]) / 2;
      if (k < 2) low[k] -= more;
      high[k] += k < 2 ? more : 2 * more;
    }
    state.square = SQUARES_MM.find(s => Math.max(high[0] - low[0], high[1] - low[1]) / s <= 10)
      || SQUARES_MM[5];
    state.reach = Math.hypot(high[0] - low[0], high[1] - low[1]) / 2;
    for (const k of [0, 1]) {
      low[k] = state.square * Math.floor(low[k] / state.square);
      high[k] = state.square * Math.ceil(high[k] / state.square);
    }
    state.box = [low, high];
  };
  return sheet(canvas, (pen, w, tall) => {
    const [low, high] = state.box, middle = low.map((v, k) => (v + high[k]) / 2);
    const reach = state.reach;
    const up = (high[2] - low[2]) / 2, far = 5 * Math.hypot(reach, up);
    const [cy, sy] = [Math.cos(state.yaw), Math.sin(state.yaw)];
    const [cp, sp] = [Math.cos(state.pitch), Math.sin(state.pitch)];
    // However they are turned, people fit: what is near is drawn larger.
    const fits = (1 - reach / far)
      * Math.min(0.55 * w / reach, 0.46 * tall / (up * cp + reach * Math.abs(sp)));
    const scale = state.zoom * fits;
    const to = p => {  // x and y on the sheet, and how far away
      const x = p[0] - middle[0], y = p[1] - middle[1], z = p[2] - middle[2];
      const right = cy * x + sy * y, back = cy * y - sy * x;
      const deep = cp * back - sp * z, high = sp * back + cp * z, near = far / (far + deep);
      return [w / 2 + scale * near * right, tall / 2 - scale * near * high, deep, near];
    };
    floor(pen, to, low, high, state.square);
    const away = foot(state.frame), bone = Math.max(1.6, Math.min(7, 42 * scale));
    const parts = [];
    spots.solid = [];
    const body = (places, true_) => {
      const shown = places.map(p => p && to([p[0] - away[0], p[1] - away[1], p[2]]));
      for (const [a, b, side, made] of h.bones) if (shown[a] && shown[b]) {
        const wide = bone * (shown[a][3] + shown[b][3]) / 2;
        parts.push([(shown[a][2] + shown[b][2]) / 2, () => {
          if (true_) return line(pen, shown[a], shown[b], COLOUR.truth, wide / 2, [6, 5]);
          line(pen, shown[a], shown[b], "#FFFFFF", 1.4 * wide, []);
          line(pen, shown[a], shown[b], COLOUR[side], wide, made ? [1, wide + 3] : []);
        }]);
      }
      shown.forEach((p, j) => p && !true_ && parts.push([p[2] - 90, () => mark(
        pen, h.sides[j], p[0], p[1], 0.75 * bone * p[3], h.invented[j], "#FFFFFF",
        COLOUR[h.sides[j]])]));
      return shown;
    };
    const everybody = placesOf(pose, state.frame, d.people, n, 3).map(places => body(places, false));
    if (truth) placesOf(truth, state.frame, d.people, n, 3).forEach(places => body(places, true));
    parts.sort((a, b) => b[0] - a[0]).forEach(part => part[1]());
    everybody.forEach((shown, who) => {
      shown.forEach((p, j) => p && spots.solid.push([p[0], p[1], who, h.joints[j],
        [0, 1, 2].map(k => pose(((state.frame * d.people + who) * n + j) * 3 + k).toFixed(0))
          .join(", ") + " mm"]));
      label(pen, d, who, shown);
    });
  });
}

/** Squares on the floor, and what the axes mean, at the corner. */
function floor(pen, to, low, high, square) {
  const ends = [0, 1].map(k => [Math.round(low[k] / square), Math.round(high[k] / square)]);
  for (const k of [0, 1]) for (let i = ends[k][0]; i <= ends[k][1]; i++) {
    const [a, b] = ends[1 - k].map(end => to(k ? [end * square, i * square, low[2]]
      : [i * square, end * square, low[2]]));
    line(pen, a, b, FLOOR, 1, []);
  }
  const corner = [ends[0][0] * square, ends[1][0] * square, low[2]];
  [["x", "right"], ["y", "away"], ["z", "up"]].forEach(([axis, word], k) => {
    const end = to(corner.map((v, i) => v + (i === k ? 0.9 * square : 0)));
    line(pen, to(corner), end, INK, 1.5, []);
    pen.fillStyle = INK;
    pen.fillText(`${axis}, ${word}`, end[0] + 4, end[1] - 3);
  });
}
