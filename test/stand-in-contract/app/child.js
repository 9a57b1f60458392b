// Utility process of the fixture: answers on the port it was given, and dies when told to.
let port;
process.parentPort.on('message', ({ data, ports }) => {
  if (data.kind === 'port') {
    [port] = ports;
    port.on('message', ({ data: message }) => port.postMessage(message instanceof Uint8Array ? message : { fromChild: message }));
    port.start();
    process.parentPort.postMessage({ got: data, arguments: process.argv.slice(2), type: process.type });
    console.log('child speaks');
  }
  if (data.kind === 'crash') process.kill(process.pid, 'SIGSEGV');
  if (data.kind === 'exit') process.exit(data.code);
});
