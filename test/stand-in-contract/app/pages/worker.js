fetch('page.css')
  .then((response) => response.text())
  .then((text) => postMessage(text.length > 0));
