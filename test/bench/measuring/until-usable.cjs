// Loaded before an application with `electron -r`: says on standard output when its first window can be used, as the user sees it.
// No debugger is attached, which would take part in what is measured. Electron itself loads such modules as CommonJS only.
const { app } = require('electron');

/** The field of a page that takes the key, and what the page shows when its user can work; the key changes what is shown. */
const { MAVIS_BENCH_FIELD: field, MAVIS_BENCH_SHOWN: shown } = process.env;
const KEY = 'q';

/** Resolves with the frame after the one in which a condition came true. */
const untilTrue = (condition) => `new Promise((resolve) => {
  const look = () => (${condition} ? requestAnimationFrame(() => requestAnimationFrame(() => resolve(null))) : requestAnimationFrame(look));
  look();
})`;
const tell = (step) => process.stdout.write(`usable: ${step}\n`);

tell('main script');
app.once('web-contents-created', (_event, contents) => {
  contents.once('did-finish-load', () => void watch(contents));
});

async function watch(contents) {
  tell('page and its scripts');
  await contents.executeJavaScript(untilTrue(`document.querySelector(${JSON.stringify(shown)}) !== null`));
  tell('shown');
  await contents.executeJavaScript(`window.shownBefore = document.querySelector('[role=grid]')?.textContent; document.querySelector(${JSON.stringify(field)}).focus()`);
  for (const type of ['keyDown', 'char', 'keyUp']) contents.sendInputEvent({ type, keyCode: KEY });
  await contents.executeJavaScript(untilTrue(`document.querySelector(${JSON.stringify(field)}).value === ${JSON.stringify(KEY)} && (window.shownBefore === undefined || document.querySelector('[role=grid]')?.textContent !== window.shownBefore)`));
  tell('key answered');
}
