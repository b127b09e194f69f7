"use strict";
(() => {
  const find = document.getElementById("find");
  const box = find.querySelector("input"), word = find.querySelector("select"), found = find.querySelector("output");
  const folders = [...document.querySelectorAll("details.f")];
  const BEFORE_A_PAUSE = 20000;
  let turn = 0, timer = 0;
  function wanted(row, words, outcome, folder) {
    if (outcome && row.cells[1].textContent !== outcome) return false;
    const text = folder + row.textContent.toLowerCase();
    return words.every(each => text.includes(each));
  }
  async function look() {
    const mine = ++turn, words = box.value.toLowerCase().split(/\s+/).filter(Boolean), outcome = word.value;
    const all = !words.length && !outcome;
    let hits = 0, seen = 0;
    for (const folder of folders) {
      const name = folder.querySelector("summary").firstChild.textContent.trim().toLowerCase() + "/";
      let here = 0;
      for (const row of folder.querySelector("tbody").rows) {
        const fits = all || wanted(row, words, outcome, name);
        row.hidden = !fits;
        here += fits;
        if (++seen % BEFORE_A_PAUSE === 0) {
          await new Promise(resolve => setTimeout(resolve));
          if (mine !== turn) return;
        }
      }
      folder.hidden = !here;
      folder.open = !all && here > 0 && hits < 500;
      hits += here;
    }
    found.textContent = all ? "" : hits.toLocaleString("en") + " found";
  }
  const later = () => { clearTimeout(timer); timer = setTimeout(look, 150); };
  box.addEventListener("input", later);
  word.addEventListener("change", later);
  find.hidden = false;
})();
