/** The look of /docs: text first, in the fonts that the reader's system has, light or dark as it is set. */
export const DOCS_STYLE = `
:root {
  color-scheme: light dark;
  --text: #1c1e21;
  --quiet: #5c636b;
  --line: #dfe2e6;
  --page: #ffffff;
  --side: #f6f7f8;
  --code: #f1f3f5;
  --link: #0b57a4;
  --get: #1a6b3c;
  --post: #8a4b08;
  --put: #5a3ea0;
  --delete: #a3211b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e4e6e9;
    --quiet: #a0a7af;
    --line: #33383e;
    --page: #16181b;
    --side: #1c1f23;
    --code: #23272c;
    --link: #7db7f0;
    --get: #74c893;
    --post: #e0a458;
    --put: #b9a2f0;
    --delete: #f0908b;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1.5rem; }
body {
  margin: 0;
  display: grid;
  grid-template-columns: 18rem minmax(0, 1fr);
  background: var(--page);
  color: var(--text);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
a { color: var(--link); text-underline-offset: 0.15em; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--page); padding: 0.5rem; z-index: 1; }
nav {
  position: sticky;
  top: 0;
  height: 100vh;
  overflow-y: auto;
  padding: 2rem 1.25rem;
  background: var(--side);
  border-right: 1px solid var(--line);
  font-size: 0.875rem;
  line-height: 1.45;
}
nav a { color: inherit; text-decoration: none; }
nav a:hover, nav a:focus-visible { text-decoration: underline; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav > ul > li { margin-top: 0.9rem; font-weight: 600; }
nav ul ul { margin: 0.25rem 0 0; font-weight: 400; }
nav ul ul a { display: block; padding: 0.15rem 0; color: var(--quiet); }
nav .name { margin: 0 0 1rem; font-size: 1rem; font-weight: 700; }
main { padding: 3rem clamp(1.25rem, 5vw, 4.5rem) 6rem; max-width: 62rem; }
h1 { margin: 0; font-size: 2.1rem; line-height: 1.2; letter-spacing: -0.02em; }
.lead { margin: 0.75rem 0 0; font-size: 1.15rem; max-width: 40rem; }
.meta { color: var(--quiet); font-size: 0.9rem; }
h2 { margin: 3.5rem 0 1rem; font-size: 1.5rem; letter-spacing: -0.01em; }
h3 { margin: 0 0 0.5rem; font-size: 1.15rem; }
h4 { margin: 1.5rem 0 0.25rem; font-size: 0.95rem; }
p { margin: 0.5rem 0; max-width: 44rem; }
article { padding: 2rem 0; border-top: 1px solid var(--line); }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.9em; }
p code, td code { padding: 0.1em 0.3em; background: var(--code); border-radius: 3px; }
pre { padding: 1rem 1.25rem; overflow-x: auto; background: var(--code); border-radius: 6px; line-height: 1.5; }
.call { overflow-wrap: anywhere; }
.call code { padding: 0; background: none; }
.call var { color: var(--quiet); font-style: normal; }
.method { display: inline-block; min-width: 3.6em; font-size: 0.8rem; font-weight: 700; letter-spacing: 0.04em; }
.get { color: var(--get); }
.post { color: var(--post); }
.put, .patch { color: var(--put); }
.delete { color: var(--delete); }
.fields { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; line-height: 1.5; }
tr { border-top: 1px solid var(--line); }
tr:first-child { border-top: 0; }
tr:target { background: var(--code); }
th, td { padding: 0.45rem 1.25rem 0.45rem 0; text-align: left; vertical-align: top; font-weight: 400; }
/* The columns of all tables stand below each other. */
th { width: 16rem; overflow-wrap: anywhere; }
[id^="problem-"] > th { width: 5rem; }
td.type { width: 11rem; }
.type { color: var(--quiet); font-weight: 400; }
.required { color: var(--quiet); font-size: 0.8rem; }
@media (max-width: 50rem) {
  body { display: block; }
  nav { position: static; height: auto; padding-block: 1.25rem; border-right: 0; border-bottom: 1px solid var(--line); }
  nav .name { margin-bottom: 0.25rem; }
  nav > ul { display: flex; flex-wrap: wrap; column-gap: 1.1rem; }
  nav > ul > li { margin: 0; padding: 0.2rem 0; font-weight: 400; }
  nav ul ul { display: none; }
  main { padding-top: 2rem; }
  pre { margin-inline: -1.25rem; border-radius: 0; }
  .method { min-width: 0; }
  /* Name and type on a line, and what they mean below. */
  tr { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.1rem 0.75rem; padding: 0.5rem 0; }
  th, td, td.type { width: auto; padding: 0; }
  td:last-child { flex-basis: 100%; }
  td:empty { display: none; }
}
@media print { nav { display: none; } body { display: block; } }
`;
