// The small picture above a bar: what is where the pointer is.

export class Preview {
  /** `get(path)` fetches with the viewer's token. */
  constructor(canvas, get) {
    this.canvas = canvas;
    this.get = get;
    this.shown = null;
    this.wanted = 0;
  }

  /** Shows the picture at `path` above `share` (0 to 1) of the bar. */
  async show(share, path) {
    this.canvas.style.left = `${Math.min(100, Math.max(0, share * 100))}%`;
    this.canvas.hidden = false;
    if (path === this.shown) return;
    this.shown = path;
    const mine = ++this.wanted;
    const reply = await this.get(path).catch(() => null);
    if (!reply?.ok) return;
    const picture = await createImageBitmap(await reply.blob());
    if (mine !== this.wanted) return;
    this.canvas.width = picture.width;
    this.canvas.height = picture.height;
    this.canvas.getContext('2d').drawImage(picture, 0, 0);
  }

  hide() {
    this.canvas.hidden = true;
  }
}
