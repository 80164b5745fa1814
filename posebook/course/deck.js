// One slide at a time: arrow keys, Page keys, space; Home and End; N shows the speaker's notes.
// A figure is drawn when its slide is shown and put away after it: browsers keep few 3D canvases.
"use strict";
const slides = [...document.querySelectorAll("section")], root = document.documentElement;
const label = document.querySelector("nav span");
let now = -1;
const PAGE = 700;  // px of a notebook's page, for which figures are made

/** Where a slide ends: above the speaker's notes, where they are shown. */
function bottom() {
  const aside = root.classList.contains("notes") && slides[now].querySelector("aside");
  return innerHeight - (aside ? aside.offsetHeight : 0);
}

function draw(box) {
  const figure = JSON.parse(document.getElementById(box.dataset.figure).textContent);
  const end = box.closest(".body").getBoundingClientRect().bottom;
  const own = box.getBoundingClientRect();
  const under = box.closest(".beside") ? 0 : Math.max(0, end - own.bottom);
  const room = bottom() - own.top - under - 44;
  const layout = {...figure.layout, autosize: true};
  const high = layout.height || 450, grows = layout.yaxis?.scaleanchor ? own.width / PAGE : 1;
  layout.height = Math.max(bottom() < innerHeight ? 160 : 260, Math.min(high * Math.max(1, grows), room));
  const small = size => ({size: Math.max(9, size * Math.min(1, layout.height / high))});
  layout.annotations = (layout.annotations || []).map(one =>  // panels shrink, and their titles too
    ({...one, font: {...one.font, ...small(one.font?.size || layout.font?.size || 12)}}));
  delete layout.width;
  box.style.height = layout.height + "px";
  Plotly.newPlot(box, figure.data, layout, {...figure.config, responsive: true})
    .then(() => figure.frames && Plotly.addFrames(box, figure.frames));
}

/** Make a slide's words smaller until they fit, down to half: narrower lines need fewer rows. */
function fit(slide) {
  const body = slide.querySelector(".body");
  if (!body || slide.querySelector(".plot")) return;
  const room = bottom() - body.getBoundingClientRect().top - (bottom() < innerHeight ? 10 : 50);
  const wide = slide.clientWidth - 70;
  for (let scale = 1; scale >= 0.5; scale -= 0.025) {
    body.style.width = scale < 1 ? 100 / scale + "%" : "";
    body.style.transform = scale < 1 ? `scale(${scale})` : "";
    if (body.scrollHeight * scale <= room && body.scrollWidth * scale <= wide) return;
  }
}

/** Draw a slide; the one that is shown only where the room for it has changed. */
function show(number, again = false) {
  number = Math.max(0, Math.min(slides.length - 1, number));
  if (number === now && !again) return;
  if (now >= 0) {
    slides[now].classList.remove("now");
    slides[now].querySelectorAll(".plot").forEach(box => Plotly.purge(box));
  }
  now = number;
  slides[now].classList.add("now");
  label.textContent = `${now + 1} / ${slides.length}`;
  history.replaceState(null, "", "#" + (now + 1));
  scrollTo(0, 0);
  fit(slides[now]);
  slides[now].querySelectorAll(".plot").forEach(draw);
}

function toggle() {
  root.classList.toggle("notes");
  show(now, true);
}

const keys = {ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1};
addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest && event.target.closest("input, select, .slider-container")) return;
  if (event.key in keys) show(now + keys[event.key]);
  else if (event.key === "Home") show(0);
  else if (event.key === "End") show(slides.length - 1);
  else if (event.key === "n" || event.key === "N") toggle();
  else return;
  event.preventDefault();
});
const [back, forth, notes] = document.querySelectorAll("nav button");
back.onclick = () => show(now - 1);
forth.onclick = () => show(now + 1);
notes.onclick = toggle;
addEventListener("hashchange", () => show((parseInt(location.hash.slice(1)) || 1) - 1));
addEventListener("resize", () => show(now, true));
addEventListener("beforeprint", () => slides.forEach(slide => slide.querySelectorAll(".plot").forEach(draw)));
root.classList.add("live");
show((parseInt(location.hash.slice(1)) || 1) - 1);
