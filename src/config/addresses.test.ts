import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, readAddress } from './addresses.ts';
import { readBackendUrl } from './backend-urls.ts';
import { isLoopback, isWildcardAddress, readHostField, readHostPattern } from './hosts.ts';

const port = fc.integer({ min: 0, max: 65_535 });

test('an address without a host listens on every address', () => {
  fc.assert(
    fc.property(port, (number) => {
      assert.deepEqual(readAddress(`:${number}`), { isRead: true, value: { host: '::', port: number } });
    }),
  );
});

test('what is formatted reads as the same address', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), port, (host, number) => {
      const address = { host, port: number };
      const reading = readAddress(formatAddress(address));
      assert.deepEqual(reading, { isRead: true, value: { host: host.toLowerCase(), port: number } });
    }),
  );
});

test('localhost is the loopback address', () => {
  assert.deepEqual(readAddress('localhost:8090'), { isRead: true, value: { host: '127.0.0.1', port: 8090 } });
});

test('loopback is told from what the network reaches', () => {
  for (const address of ['127.0.0.1', '127.255.0.9', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1']) {
    assert.ok(isLoopback(address), address);
  }
  for (const address of ['0.0.0.0', '::', '10.0.0.1', '::2', '1::1', '::ffff:10.0.0.1', '128.0.0.1', '::1:1']) {
    assert.ok(!isLoopback(address), address);
  }
});

test('an address that means every address is known by any of its spellings', () => {
  for (const address of ['0.0.0.0', '::', '0:0:0:0:0:0:0:0']) assert.ok(isWildcardAddress(address), address);
  for (const address of ['::1', '127.0.0.1', '0.0.0.1']) assert.ok(!isWildcardAddress(address), address);
});

test('the URL of a backend agrees with the WHATWG parser on host and port', () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.ipV4()), fc.integer({ min: 1, max: 65_535 }), (host, number) => {
      const reading = readBackendUrl(`http://${host}:${number}`);
      const url = new URL(`http://${host}:${number}`);
      assert.ok(reading.isRead);
      assert.equal(reading.value.host, url.hostname);
      assert.equal(reading.value.port, number);
      assert.equal(new URL(reading.value.url).host, url.host);
    }),
  );
});

test('a normalised URL reads as itself', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.domain(),
        fc.ipV4(),
        fc.ipV6().map((host) => `[${host}]`),
      ),
      (host) => {
        const first = readBackendUrl(`HTTP://${host}/`);
        assert.ok(first.isRead);
        assert.equal(first.value.port, 80);
        assert.deepEqual(readBackendUrl(first.value.url), first);
      },
    ),
  );
});

test('a password in a URL never gets into the message', () => {
  for (const url of [
    'http://u:hunter2@a/',
    'https://u:hunter2@a',
    'u:hunter2@a',
    'http://u:hunter2@a:0',
    'ftp://u:hunter2@a',
  ]) {
    assert.doesNotMatch(JSON.stringify(readBackendUrl(url)), /hunter2/, url);
  }
});

test('hosts of routes are kept in lower case', () => {
  assert.deepEqual(readHostPattern('*.API.Example.com'), { isRead: true, value: '*.api.example.com' });
  assert.deepEqual(readHostPattern('[::1]'), { isRead: true, value: '[::1]' });
});

test('the host of a check may have a port', () => {
  assert.deepEqual(readHostField('a.example:80'), { isRead: true, value: 'a.example:80' });
  assert.deepEqual(readHostField('[::1]:80'), { isRead: true, value: '[::1]:80' });
  assert.deepEqual(readHostField('[::1]'), { isRead: true, value: '[::1]' });
  assert.equal(readHostField('a.example:0').isRead, false);
  assert.equal(readHostField('::1').isRead, false);
  assert.equal(readHostField('a.example\r\nX: 1').isRead, false);
});
