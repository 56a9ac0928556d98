/**
 * Looks at pictures as somebody does who sees no colours: which pixels stand out from the ground,
 * and how much of two pictures differs. A blank page of the browser decodes them.
 */
import type { Browser, Page } from 'playwright-core';
import type { Cleanup } from './cleanup.ts';

/** The light of every pixel, 0 black to 1 white, row by row. */
export interface Picture {
  readonly width: number;
  readonly light: readonly number[];
}

export class PictureReader {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async open(cleanup: Cleanup, browser: Browser): Promise<PictureReader> {
    const context = await browser.newContext();
    cleanup.after(() => context.close());
    return new PictureReader(await context.newPage());
  }

  /** Of a PNG: relative luminance after WCAG, so that colour is gone. */
  async read(png: Buffer): Promise<Picture> {
    const script = `(async () => {
      const bytes = Uint8Array.from(atob('${png.toString('base64')}'), (letter) => letter.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      const linear = (value) => (value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
      const light = [];
      for (let at = 0; at < data.length; at += 4) {
        light.push(0.2126 * linear(data[at]) + 0.7152 * linear(data[at + 1]) + 0.0722 * linear(data[at + 2]));
      }
      return { width: image.width, light };
    })()`;
    return this.#page.evaluate<Picture>(script);
  }
}

/** The ratio after WCAG. */
function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

/** What is in the corner is the ground. */
const groundOf = ({ light }: Picture): number => light[0] ?? 1;

/** Of what stands out most. */
export function highestContrast(picture: Picture): number {
  const ground = groundOf(picture);
  return picture.light.reduce((highest, own) => Math.max(highest, contrast(own, ground)), 1);
}

/** Which pixels stand out: half as much as the one that does most. */
function outlineOf(picture: Picture): readonly boolean[] {
  const ground = groundOf(picture);
  const least = 1 + (highestContrast(picture) - 1) / 2;
  return picture.light.map((own) => contrast(own, ground) >= least);
}

/** How much of the outlines of two pictures of one size is not common to both, 0..1. */
export function difference(one: Picture, other: Picture): number {
  const [a, b] = [outlineOf(one), outlineOf(other)];
  let either = 0;
  let both = 0;
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    if (a[at] === true || b[at] === true) either++;
    if (a[at] === true && b[at] === true) both++;
  }
  return either === 0 ? 0 : 1 - both / either;
}
