"use strict";
(() => {
  const find = document.getElementById("find");
  const box = find.querySelector("input"), word = find.querySelector("select"), found = find.querySelector("output");
  const folders = [...document.querySelectorAll("details.f")];
  const prefix = document.getElementById("files").dataset.rows;
  const BEFORE_A_PAUSE = 20000, SHOWN = 2000, SHOWN_HITS = 500;
  let turn = 0, timer = 0;
  const pause = () => new Promise(resolve => setTimeout(resolve));

  // rows in files beside the page: a script of each calls pefRows
  const loaded = new Map(), waiting = new Map();
  window.pefRows = (number, sections) => waiting.get(number)(sections);
  function load(number) {
    if (!loaded.has(number)) loaded.set(number, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      waiting.set(number, sections => { waiting.delete(number); script.remove(); resolve(sections); });
      script.onerror = () => { loaded.delete(number); reject(new Error(script.src)); };
      script.src = prefix + number + ".js";
      document.head.append(script);
    }));
    return loaded.get(number);
  }
  async function* rowsOf(folder) {
    const [first, last] = folder.dataset.files.split(" ").map(Number), section = folders.indexOf(folder);
    for (let number = first; number <= last; number++)
      for (const [of, rows] of await load(number)) if (of === section) yield* rows;
  }
  function put(folder, rows, total) {
    const body = folder.querySelector("tbody");
    body.innerHTML = rows.join("");
    if (total > rows.length) {
      const cell = body.insertRow().insertCell();
      cell.colSpan = 4;
      cell.textContent = "and " + (total - rows.length).toLocaleString("en") + " more: search to find them";
    }
  }
  async function open(folder) {
    if (!folder.open || folder.dataset.shown) return;
    folder.dataset.shown = "all";
    const rows = [];
    let total = 0;
    try {
      for await (const row of rowsOf(folder)) if (++total <= SHOWN) rows.push(row);
      if (folder.dataset.shown === "all") put(folder, rows, total);
    } catch { missing(); }
  }
  const missing = () => { found.textContent = "the folder " + prefix.split("/")[0] + " is missing beside this page"; };

  // words, and phrases in quotes
  const parts = text => [...text.toLowerCase().matchAll(/"([^"]*)"|[^\s"]+/g)].map(part => part[1] ?? part[0]).filter(Boolean);
  const plain = document.createElement("textarea");
  const decoded = html => { if (!html.includes("&")) return html; plain.innerHTML = html; return plain.value; };
  function fits(outcome, text, words, wanted, folder) {
    return (!wanted || outcome === wanted) && words.every(each => (folder + text).includes(each));
  }
  const nameOf = folder => folder.querySelector("summary").firstChild.textContent.trim().toLowerCase() + "/";
  async function look() {
    const mine = ++turn, words = parts(box.value), outcome = word.value, all = !words.length && !outcome;
    let hits = 0, seen = 0;
    const rest = async () => { if (++seen % BEFORE_A_PAUSE === 0) { await pause(); } return mine === turn; };
    for (const folder of folders) {
      const name = nameOf(folder);
      let here = 0;
      if (folder.dataset.files && all) {
        folder.open = false;
        delete folder.dataset.shown;
        folder.querySelector("tbody").textContent = "";
        folder.hidden = false;
        continue;
      } else if (folder.dataset.files) {
        const rows = [];
        try {
          for await (const row of rowsOf(folder)) {
            const [, kind] = /<td class=(\w+)>/.exec(row), text = decoded(row.replace(/<td[^>]*>|<tr data-w="|">/g, " ")).toLowerCase();
            if (fits(kind, text, words, outcome, name) && ++here + hits <= SHOWN_HITS) rows.push(row);
            if (!await rest()) return;
          }
        } catch { missing(); return; }
        folder.dataset.shown = "hits";
        put(folder, rows, here);
      } else {
        for (const row of folder.querySelector("tbody").rows) {
          const text = (row.textContent + " " + (row.dataset.w || "")).toLowerCase();
          row.hidden = !all && !fits(row.cells[1].textContent, text, words, outcome, name);
          here += !row.hidden;
          if (!await rest()) return;
        }
      }
      folder.hidden = !here;
      folder.open = !all && here > 0 && hits < SHOWN_HITS;
      hits += here;
      if (!all) found.textContent = hits.toLocaleString("en") + " found so far";
    }
    found.textContent = all ? "" : hits.toLocaleString("en") + " found";
  }
  const later = () => { clearTimeout(timer); timer = setTimeout(look, 150); };
  box.addEventListener("input", later);
  word.addEventListener("change", later);
  for (const folder of folders) if (folder.dataset.files) folder.addEventListener("toggle", () => open(folder));
  document.addEventListener("click", event => {
    const link = event.target.closest("a[data-find]");
    if (!link) return;
    box.value = link.dataset.find.split('"').map(part => part.trim()).filter(Boolean).map(part => '"' + part + '"').join(" ");
    word.value = link.dataset.outcome || "";
    look();
  });
  find.hidden = false;
})();
