// A Colyseus server as its documentation has it, for `bench match-peers`:
// node colyseus_server.mjs PORT none|inputs
// "none": the server draws all velocities; "inputs": each player sends its own, every tick.
import { Room, Server } from "@colyseus/core";
import { WebSocketTransport } from "@colyseus/ws-transport";
import { Arena, kPlayers, kTickHz, Player, step, velocity } from "./colyseus_room.mjs";

const [port, inputs] = process.argv.slice(2);

class ArenaRoom extends Room {
  maxClients = kPlayers;
  patchRate = 1000 / kTickHz;

  onCreate() {
    this.state = new Arena();
    this.onMessage("move", (client, message) => {
      const player = this.state.players.get(client.sessionId);
      player.vx = Math.max(-10, Math.min(9, message.vx | 0));
      player.vy = Math.max(-10, Math.min(9, message.vy | 0));
    });
    this.setSimulationInterval(() => {
      const { players } = this.state;
      if (inputs === "none") {
        for (const player of players.values()) {
          player.vx = velocity();
          player.vy = velocity();
        }
      }
      step(players);
    }, 1000 / kTickHz);
  }

  onJoin(client) {
    const player = new Player();
    player.x = player.y = player.vx = player.vy = 0;
    player.hp = 100;
    this.state.players.set(client.sessionId, player);
  }

  onLeave(client) {
    this.state.players.delete(client.sessionId);
  }
}

const server = new Server({ greet: false, transport: new WebSocketTransport({ pingInterval: 0 }) });
server.define("arena", ArenaRoom);
await server.listen(Number(port), "127.0.0.1");
console.log("listening");
