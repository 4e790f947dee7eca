// node-media-server as its users run it, without its admin page, its API and its logging:
// node node_media_server.mjs RTMP_PORT HTTP_PORT DATA_DIR
import NodeMediaServer from "node-media-server";

const [rtmp, http, data] = process.argv.slice(2);
console.log = () => {};
const server = new NodeMediaServer({
  bind: "127.0.0.1",
  notify: { url: "" },
  store: { path: data },
  auth: { play: false, publish: false, secret: "" },
  rtmp: { port: Number(rtmp) },
  http: { port: Number(http) },
  webadmin: { enable: false },
  record: { auto: false, path: data },
});
server.run();
