import { expect, test } from 'vitest';
import { defaultPorts, parsePorts, portList, replaceTakenPorts } from '../../../scripts/embedded-system/embedded-ports.ts';

test('five ports are read in the order service, link, proxy ports', () => {
  expect(parsePorts('1443, 1444,2000,2001,2002')).toEqual({ service: 1443, link: 1444, proxy: [2000, 2001, 2002] });
});

test.each(['', '8443', '1,2,3,4', '1,2,3,4,5,6', '1,1,2,3,4', '0,1,2,3,4', '1,2,3,4,65536', '1,2,3,4,x', '1,2,3,4,'])('"%s" is refused with an example', (text) => {
  expect(() => parsePorts(text)).toThrow(/--ports 8443,8444,17993,17994,17995/);
});

test('ports that others use are replaced, the others stay', async () => {
  let next = 40_000;
  const { ports, replaced } = await replaceTakenPorts(defaultPorts, (port) => Promise.resolve(port !== 8443 && port !== 17_994), () => Promise.resolve((next += 1)));
  expect(portList(ports)).toEqual([40_001, 8444, 17_993, 40_002, 17_995]);
  expect(replaced).toEqual([[8443, 40_001], [17_994, 40_002]]);
});
