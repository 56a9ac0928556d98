import { expect, test } from 'vitest';
import {
  bodyOf,
  curlLine,
  EMPTY_FORM,
  explainLine,
  formOf,
  isMistake,
  optionsOf,
  type RequestAsked,
  readForm,
} from './route-question.ts';
import { parsePlace } from './router.ts';

const HERE = '127.0.0.1:8080';

const read = (target: string, headers = '', method = 'GET') => readForm({ method, target, headers }, HERE);

function asked(target: string, headers = '', method = 'GET'): RequestAsked {
  const found = read(target, headers, method);
  if (isMistake(found)) throw new Error(found.text);
  return found;
}

const mistake = (target: string, headers = ''): string => {
  const found = read(target, headers);
  return isMistake(found) ? `${found.field}: ${found.text}` : 'none';
};

test('a URL, a host with a path, and a path alone are requests', () => {
  const place = (target: string): string => `${asked(target).host} ${asked(target).path}`;
  expect(place('http://api.example.com:81/v1?a=b#c')).toBe('api.example.com:81 /v1?a=b');
  expect(place('HTTPS://api.example.com')).toBe('api.example.com /');
  expect(place('http://api.example.com?a')).toBe('api.example.com /?a');
  expect(place(' api.example.com/v1/../x ')).toBe('api.example.com /v1/../x');
  expect(place('localhost:8080')).toBe('localhost:8080 /');
  expect(place('[::1]:8080/a')).toBe('[::1]:8080 /a');
  expect(place('/v1')).toBe(`${HERE} /v1`);
  expect(place('*')).toBe(`${HERE} *`);
});

test('Host among the header lines stands for that of the URL, as with curl', () => {
  const request = asked('http://127.0.0.1:8080/v1', 'host: api.example.com\n\n X-A: 1\n', 'POST');
  expect(request).toEqual({ method: 'POST', host: 'api.example.com', path: '/v1', headers: [['X-A', '1']] });
  expect(bodyOf(request)).toEqual({ method: 'POST', host: 'api.example.com', path: '/v1', headers: { 'X-A': '1' } });
});

test('what is no request is said, with its field', () => {
  expect(mistake('')).toContain('target: A URL is needed');
  expect(mistake('ftp://a/b')).toContain('target: A URL is written');
  expect(mistake('http://joe:secret@a/')).toContain('target: Leave the name and password out');
  expect(mistake('http://joe:secret@a/')).not.toContain('secret@');
  expect(mistake('/a', 'Host')).toBe('headers: "Host" is not written as Name: value.');
  expect(mistake('/a', 'Host: a\nhost: b')).toBe('headers: Host is given more than once.');
});

test('the address keeps the question, and no secret', () => {
  const form = {
    method: 'POST',
    target: 'http://a/b?c=d&e#f',
    headers: 'Host: x\nAuthorization: Bearer s\nX-Api-Key: s',
  };
  const options = optionsOf(form);
  expect(options).toEqual({ method: 'POST', url: 'http://a/b?c=d&e#f', headers: 'Host: x' });
  const given = Object.entries(options).filter((entry): entry is [string, string] => entry[1] !== null);
  const { options: kept } = parsePlace(`#/routes?${new URLSearchParams(given)}`);
  expect(formOf(kept)).toEqual({ ...form, headers: 'Host: x' });
  expect(optionsOf(EMPTY_FORM)).toEqual({ method: null, url: null, headers: null });
  expect(formOf({})).toEqual(EMPTY_FORM);
});

test('the command asks the same of the same balancer', () => {
  const line = (target: string, method = 'GET', headers = '') =>
    explainLine(asked(target, headers, method), 'http://127.0.0.1:8090/#/routes?q=a');
  expect(line('http://a/b')).toBe('ballast explain --url http://a/b');
  expect(line('/b?c=d&e', 'POST', 'Host: x')).toBe("ballast explain --url 'http://x/b?c=d&e' --method POST");
  expect(explainLine(asked('/b'), 'https://lb.example/admin/')).toBe(
    `ballast explain --url http://${HERE}/b --admin https://lb.example/admin`,
  );
  expect(line('*', 'OPTIONS')).toBeNull();
});

test('the curl line sends it, with nothing that a shell or curl would change', () => {
  const line = (target: string, method = 'GET', headers = '') => curlLine(asked(target, headers, method), HERE);
  expect(line('/b')).toBe(`curl -i http://${HERE}/b`);
  expect(line('http://a/b', 'HEAD')).toBe(`curl --head -H 'Host: a' http://${HERE}/b`);
  expect(line('/b', 'POST', "X-A: it's\nX-B:")).toBe(
    String.raw`curl -i -X POST -H 'X-A: it'\''s' -H 'X-B;' http://${HERE}/b`,
  );
  expect(line('/a/../b[1]')).toBe(`curl -i --path-as-is --globoff 'http://${HERE}/a/../b[1]'`);
  expect(line('*', 'OPTIONS')).toBe(`curl -i -X OPTIONS --request-target '*' http://${HERE}`);
});
