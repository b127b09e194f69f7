// Finds faults of one rendered page: `faults(frame)` returns a list of texts. tools/pages.py runs it in Chromium.
"use strict";

const LONGEST_KEPT = 28; // as in tools/mkdocs_hook.py

/** Return whether an element takes room on the page. */
function isShown(element) {
  return element.getClientRects().length > 0 && element.ownerDocument.defaultView.getComputedStyle(element).visibility !== "hidden";
}

/** Return the first words of an element, for a message. */
function words(element) {
  return element.textContent.trim().replace(/\s+/g, " ").slice(0, 60);
}

/** Numbered lists that begin at 1 again within one section, because the text between them is not indented. */
function restartedLists(body) {
  const found = [];
  for (const list of body.querySelectorAll("ol")) {
    for (let before = list.previousElementSibling; before && !/^H[1-6]$/.test(before.tagName); before = before.previousElementSibling) {
      if (before.tagName === "OL") {
        found.push(`a numbered list begins again at ${list.start}: "${words(list)}"`);
        break;
      }
    }
  }
  return found;
}

/** Markup that is shown instead of being interpreted. */
function leftoverMarkup(body) {
  const found = [];
  const texts = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const parent = text.parentElement;
    if (parent.closest("pre, script, style, .mermaid")) continue;
    const inCode = parent.closest("code") !== null;
    const match = (inCode ? /\\\|/ : /\\\||\*\*|\]\(|```|`|\|\s*-{3}|^\s*\|.*\|\s*$|\{:|&[a-z]+;/).exec(text.data);
    if (match) found.push(`markup is shown: "${match[0]}" in "${words(parent)}"`);
  }
  return found;
}

/** Pages that are in the menu more than once. */
function repeatedMenuItems(page) {
  const drawer = page.getElementById("__drawer");
  if (drawer) drawer.checked = true;
  const found = [];
  for (const list of page.querySelectorAll(".md-nav--primary ul")) {
    const seen = new Set();
    for (const item of list.children) {
      for (const link of item.querySelectorAll(":scope > a.md-nav__link, :scope > label.md-nav__link, :scope > .md-nav__container > a")) {
        if (!isShown(link)) continue;
        if (seen.has(words(link))) found.push(`twice in the menu: "${words(link)}"`);
        seen.add(words(link));
      }
    }
  }
  const targets = new Set();
  for (const link of page.querySelectorAll(".md-nav--primary a.md-nav__link[href]")) {
    const target = link.href.split("#")[0];
    if (link.closest(".md-nav--secondary") || link.getAttribute("href").includes("#")) continue;
    if (targets.has(target)) found.push(`two entries of the menu lead to ${target.split("/").pop()}`);
    targets.add(target);
  }
  if (drawer) drawer.checked = false;
  return found;
}

/** Content that is wider than the page and cannot be scrolled into view. */
function overflow(page, body) {
  const found = [];
  const root = page.documentElement;
  const style = element => page.defaultView.getComputedStyle(element);
  if (root.scrollWidth > root.clientWidth + 1) found.push(`the page is ${root.scrollWidth} px wide, the window ${root.clientWidth}`);
  for (const element of body.querySelectorAll("*")) {
    if (!isShown(element) || element.closest("svg")) continue;
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.right <= root.clientWidth + 1) continue;
    let holder = element.parentElement;
    while (holder && !/auto|scroll|hidden/.test(style(holder).overflowX)) holder = holder.parentElement;
    if (!holder || holder === page.body || holder === root) found.push(`<${element.tagName.toLowerCase()}> is cut at the right: "${words(element)}"`);
  }
  return found;
}

/** Pictures without content or description. */
function brokenImages(body) {
  const found = [];
  for (const image of body.querySelectorAll("img")) {
    if (image.naturalWidth === 0) found.push(`the picture ${image.getAttribute("src")} is not shown`);
    if (!image.alt) found.push(`the picture ${image.getAttribute("src")} has no description`);
  }
  return found;
}

/** Flags and other short code that is broken into two lines. */
function brokenCode(body) {
  const found = [];
  for (const code of body.querySelectorAll("code")) {
    if (code.closest("pre") || code.textContent.length > LONGEST_KEPT) continue;
    const tops = new Set([...code.getClientRects()].filter(box => box.width > 1).map(box => Math.round(box.top)));
    if (tops.size > 1) found.push(`code is broken into ${tops.size} lines: "${words(code)}"`);
  }
  return found;
}

/** Ids that a page has more than once: a link leads to the first one only. */
function repeatedIds(page) {
  const found = [];
  const seen = new Set();
  for (const element of page.querySelectorAll("article [id]")) {
    if (seen.has(element.id)) found.push(`the id ${element.id} is there twice`);
    seen.add(element.id);
  }
  return found;
}

/** Return the faults of the page in a frame. */
function faults(frame) {
  const page = frame.contentDocument;
  const body = page.querySelector("article");
  if (!body || !words(body)) return ["the page has no text"];
  return [
    ...restartedLists(body), ...leftoverMarkup(body), ...repeatedMenuItems(page), ...overflow(page, body),
    ...brokenImages(body), ...brokenCode(body), ...repeatedIds(page),
  ];
}

/** Load each page in a frame of each size, and send the faults to the server that started this. */
async function checkAll(pages, sizes) {
  const results = [];
  for (const [width, height] of sizes) {
    for (const name of pages) {
      const frame = document.createElement("iframe");
      frame.style.cssText = `border: 0; width: ${width}px; height: ${height}px`;
      const loaded = new Promise(done => { frame.onload = done; });
      frame.src = `/${name}`;
      document.body.append(frame);
      await loaded;
      await frame.contentDocument.fonts.ready;
      await new Promise(done => setTimeout(done, 150)); // scripts of the theme wrap tables after loading
      let texts;
      try { texts = faults(frame); } catch (error) { texts = [`cannot be checked: ${error}`]; }
      results.push({ page: name, width, faults: texts });
      frame.remove();
    }
  }
  await fetch("/-/results", { method: "POST", body: JSON.stringify(results) });
}
