// Page of the fixture. `violations` and `ports` are for the tests to read.
window.pageHasRun = true;
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));
window.ports = [];
window.addEventListener('message', (event) => {
  if (event.data === 'port') window.ports.push(...event.ports);
});
window.portMessages = [];
document.querySelector('#press').addEventListener('click', async () => {
  const text = document.querySelector('#text').value;
  document.querySelector('#out').textContent = (await window.fixture.invoke('echo', text)).join();
});
