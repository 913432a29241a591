"""How the page of reports looks, light and dark, and the script that hides rows of it."""

from typing import Final

STYLE: Final = """
:root { --ink: #1b1f24; --quiet: #57606a; --line: #d5dbe1; --page: #fff; --raised: #f6f8fa; --link: #0a58b5;
 --good: #116329; --bad: #a40e26; --badwash: #fff0f1; --unsure: #6e5b00; --wash: #fff6dd }
@media (prefers-color-scheme: dark) { :root { --ink: #dde3ea; --quiet: #9aa6b2; --line: #333c46; --page: #14181d;
 --raised: #1c2229; --link: #7ab7ff; --good: #5ac67d; --bad: #ff8a98; --badwash: #33191d; --unsure: #d8bd4c; --wash: #3a3216 } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 88rem; padding: 1.5rem 1.25rem 4rem;
 color: var(--ink); background: var(--page) }
h1 { font-size: 1.5rem; margin: 0 0 1rem } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem } a { color: var(--link) }
.quiet, .clause, .count, .reason { color: var(--quiet); font-size: .87em } .count { font-weight: 400 }
.passed { color: var(--good) } .failed { color: var(--bad); font-weight: 600 } .skipped { color: var(--unsure) }
.cards { display: flex; flex-wrap: wrap; gap: 1rem }
.card { flex: 1 1 18rem; background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1.1rem;
 border-top: 4px solid var(--good) }
.card.bad { border-top-color: var(--bad) } .card h2 { margin: 0; font-size: 1rem } .card p { margin: .35rem 0 }
.verdict { font-size: 1.15rem; font-weight: 600; color: var(--good) } .card.bad .verdict { color: var(--bad) }
.bar { display: flex; height: 6px; border-radius: 3px; overflow: hidden; background: var(--line) }
.bar i.good { background: var(--good) } .bar i.bad { background: var(--bad); min-width: 3px } .bar i.bad[style="width:0.00%"] { display: none }
.failures { background: var(--badwash); border: 1px solid var(--bad); border-radius: 8px; padding: .2rem 1.1rem .6rem; margin-top: 1.5rem }
.failures h2 { margin-top: .8rem; color: var(--bad) } .failures li { margin: .5rem 0 } .target { font-weight: 600 }
.tools { position: sticky; top: 0; z-index: 1; background: var(--page); border-bottom: 1px solid var(--line); padding: .7rem 0;
 margin-top: 1.5rem; display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; justify-content: space-between }
.links a { margin-right: 1rem } .filter { display: flex; flex-wrap: wrap; gap: .35rem; align-items: center } .filter[hidden] { display: none }
input, button { font: inherit; font-size: .9em; color: inherit; background: var(--raised); border: 1px solid var(--line);
 border-radius: 6px; padding: .25rem .6rem } input { width: 15rem } button { cursor: pointer }
button[aria-pressed=true] { background: var(--ink); color: var(--page); border-color: var(--ink) }
output { color: var(--quiet); font-size: .87em; min-width: 5.5rem; text-align: right }
table { border-collapse: collapse; width: 100% } thead th { color: var(--quiet); font-size: .87em }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top }
th[scope=row] { font-weight: 400; color: var(--quiet); width: 16rem } td.v { width: 24%; overflow-wrap: anywhere } td.v:nth-child(2):last-child { width: 46% }
.suite td:first-child { overflow-wrap: anywhere } .facts td { overflow-wrap: anywhere }
tr { scroll-margin-top: 4rem } section { scroll-margin-top: 4rem } tr.differs { background: var(--wash) }
tr.failed { color: inherit; font-weight: inherit; background: var(--badwash) } tr.passed, tr.skipped { color: inherit }
tr:target { outline: 2px solid var(--link); outline-offset: -2px } a.case { font: 12px ui-monospace, monospace; text-decoration: none }
a.case:hover { text-decoration: underline }
details { margin-top: .2rem } summary { cursor: pointer; color: var(--quiet); font-size: .87em }
.steps { font: 12px/1.45 ui-monospace, monospace; margin: .3rem 0; padding-left: 2.2rem; color: var(--quiet) }
.steps code { font: inherit; color: var(--ink); overflow-wrap: anywhere; white-space: pre-wrap }
[hidden] { display: none }
@media (max-width: 50rem) { td.v { width: 45% } .tools { position: static } input { width: 100% } }
@media print { .tools { display: none } }
"""

SCRIPT: Final = """
(() => {
 const bar = document.querySelector(".filter"), rows = [...document.querySelectorAll(".suite tbody tr")];
 const text = bar.querySelector("input"), buttons = [...bar.querySelectorAll("button")], count = bar.querySelector("output");
 let kind = "all";
 const words = rows.map((row) => row.textContent.toLowerCase());
 const apply = () => {
  const wanted = text.value.toLowerCase().trim().split(/\\s+/);
  let shown = 0;
  rows.forEach((row, at) => {
   row.hidden = !((kind === "all" || row.classList.contains(kind)) && wanted.every((word) => words[at].includes(word)));
   shown += !row.hidden;
  });
  for (const suite of document.querySelectorAll(".suite")) suite.hidden = !suite.querySelector("tbody tr:not([hidden])");
  for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.show === kind);
  count.textContent = `${shown} of ${rows.length}`;
 };
 text.addEventListener("input", apply);
 for (const button of buttons) button.addEventListener("click", () => { kind = button.dataset.show; apply(); });
 addEventListener("hashchange", () => {
  const row = document.getElementById(location.hash.slice(1));
  if (row && row.hidden) { kind = "all"; text.value = ""; apply(); row.scrollIntoView(); }
 });
 bar.hidden = false;
 apply();
})();
"""
