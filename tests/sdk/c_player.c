/* A player in C11, with nothing but the public header. It walks in a circle and shoots, until the
 * match is over. Usage: c_player HOST PORT TOKEN [MODE]; with a mode the token is one for the lobby,
 * where it waits for a match. Says on standard output what it saw; 0: all is as it should be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/client/c_api/troupe_client.h"

static double now_s(void) {
  struct timespec at;
  timespec_get(&at, TIME_UTC);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int complain(const char *what, const troupe_client *client) {
  fprintf(stderr, "%s: %s\n", what, troupe_client_error(client));
  return 1;
}

/* The contract at its edges, before there is a match. */
static int check_misuse(void) {
  troupe_client *client = (troupe_client *)1;
  const troupe_ticket bad = {"not an address", "token", 1};
  troupe_arena_command wild = {2, 0, 0, 0, 0};
  uint8_t bytes[TROUPE_ARENA_COMMAND_BYTES];
  troupe_view none = {NULL, 0, 0};
  size_t players, projectiles;
  if (troupe_client_version() >> 16 != TROUPE_CLIENT_MAJOR) return 1;
  if (troupe_client_connect(NULL, NULL, NULL, &client) != TROUPE_INVALID_ARGUMENT) return 2;
  if (troupe_client_connect(&bad, NULL, NULL, &client) != TROUPE_INVALID_ARGUMENT) return 3;
  if (client != NULL || strlen(troupe_client_error(NULL)) == 0) return 4;
  if (troupe_client_service(NULL, 0) != TROUPE_INVALID_ARGUMENT) return 5;
  if (troupe_arena_pack(&wild, bytes) != TROUPE_INVALID_ARGUMENT) return 6;
  if (troupe_arena_count(&none, &players, &projectiles) != TROUPE_INVALID_ARGUMENT) return 7;
  troupe_client_destroy(NULL);
  return 0;
}

/* How many others the newest view has; -1: something is wrong with it. */
static int look(troupe_client *client) {
  troupe_view view;
  troupe_arena_player player;
  size_t players, projectiles, row;
  int others = 0, own = 0;
  if (troupe_client_latest(client, &view) != TROUPE_OK) return 0;
  if (troupe_arena_count(&view, &players, &projectiles) != TROUPE_OK) return -1;
  for (row = 0; row < players; ++row) {
    if (troupe_arena_player_at(&view, row, &player) != TROUPE_OK) return -1;
    if (player.slot == troupe_client_slot(client)) ++own;
    else ++others;
  }
  if (troupe_arena_player_at(&view, players, &player) != TROUPE_NOT_FOUND) return -1;
  return own <= 1 ? others : -1;
}

static int send(troupe_client *client, unsigned turn) {
  static const int8_t steps[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  const int8_t *step = steps[turn / 20 % 4];
  const troupe_arena_command command = {step[0], step[1], (uint8_t)(turn * 4), turn % 10 == 0, 0};
  uint8_t bytes[TROUPE_ARENA_COMMAND_BYTES];
  if (troupe_arena_pack(&command, bytes) != TROUPE_OK) return 1;
  if (turn == 0 && troupe_client_send(client, bytes, 3) != TROUPE_INVALID_ARGUMENT) return 1;
  return troupe_client_send(client, bytes, sizeof bytes) != TROUPE_OK;
}

static int play(troupe_client *client) {
  const double until = now_s() + 30;
  double due = 0;
  unsigned turn = 0, snapshots = 0, rows = 0;
  int most_others = 0, moved = 0;
  int32_t x = 0, y = 0, first_x = 0, first_y = 0;
  troupe_statistics statistics = {.size = sizeof statistics};
  troupe_event event;
  while (troupe_client_state(client) != TROUPE_CLOSED && now_s() < until) {
    int others;
    if (troupe_client_service(client, 2) != TROUPE_OK) return complain("service", client);
    while (troupe_client_next_event(client, &event)) {
      if (event.kind == TROUPE_EVENT_SNAPSHOT) ++snapshots;
      if (event.kind == TROUPE_EVENT_RESULT) rows = event.value;
    }
    others = look(client);
    if (others < 0) return complain("a view", client);
    if (others > most_others) most_others = others;
    if (troupe_client_state(client) != TROUPE_PLAYING || now_s() < due) continue;
    due = now_s() + troupe_client_command_period_us(client) / 1e6;
    if (send(client, turn++) != 0) return complain("a command", client);
    if (troupe_client_predicted(client, &x, &y) == TROUPE_OK) {
      if (first_x == 0 && first_y == 0) {
        first_x = x;
        first_y = y;
      }
      moved |= x != first_x || y != first_y;
    }
  }
  if (troupe_client_statistics(client, &statistics) != TROUPE_OK) return complain("numbers", client);
  printf("{\"game\": \"%s\", \"goodbye\": %u, \"snapshots\": %u, \"others\": %d, \"moved\": %d, \"rows\": %u, "
         "\"mismatches\": %llu}\n",
         troupe_client_game(client), troupe_client_goodbye(client), snapshots, most_others, moved, rows,
         (unsigned long long)statistics.mismatches);
  return troupe_client_state(client) == TROUPE_CLOSED ? 0 : complain("it goes on", client);
}

static void stay(troupe_ticket *ticket, const troupe_ticket *from, char host[64], char token[2048]) {
  snprintf(host, 64, "%s", from->host);
  snprintf(token, 2048, "%s", from->token);
  ticket->host = host;
  ticket->token = token;
  ticket->port = from->port;
}

/* Waits for a match of `mode` and accepts it; `ticket` is that of the lobby, then of the match. */
static int find_match(const char *mode, troupe_ticket *ticket, char host[64], char token[2048]) {
  const double until = now_s() + 30;
  const troupe_queue_wish wish = {.size = sizeof wish, .mode = mode};
  const troupe_queue_wish holes = {.size = sizeof wish, .mode = mode, .party_count = 1};
  troupe_queue_state state = {.size = sizeof state};
  troupe_lobby *lobby = NULL;
  int entered = 0, accepted = 0, found = 0;
  if (troupe_lobby_connect(ticket, &lobby) != TROUPE_OK) return 1;
  while (!found && !troupe_lobby_closed(lobby) && now_s() < until) {
    if (troupe_lobby_service(lobby, 2) != TROUPE_OK) break;
    if (troupe_lobby_state(lobby, &state) != TROUPE_OK) continue;
    if (!entered && strcmp(state.state, "none") == 0) {
      if (troupe_lobby_enter(lobby, &holes) != TROUPE_INVALID_ARGUMENT) break;
      if (troupe_lobby_enter(lobby, &wish) != TROUPE_OK) break;
      entered = 1;
    } else if (!accepted && strcmp(state.state, "proposed") == 0) {
      if (troupe_lobby_answer(lobby, 1) != TROUPE_OK) break;
      accepted = 1;
    } else if (strcmp(state.state, "matched") == 0) {
      stay(ticket, &state.game, host, token);
      found = 1;
    }
  }
  if (!found) fprintf(stderr, "no match: %s\n", troupe_lobby_error(lobby));
  troupe_lobby_destroy(lobby);
  return !found;
}

int main(int argc, char **argv) {
  troupe_client *client = NULL;
  troupe_ticket ticket;
  char host[64], token[2048];
  int code = check_misuse();
  if (code != 0) {
    fprintf(stderr, "misuse %d was not found\n", code);
    return 2;
  }
  if (argc != 4 && argc != 5) return 3;
  ticket.host = argv[1];
  ticket.port = (uint16_t)atoi(argv[2]);
  ticket.token = argv[3];
  if (argc == 5 && find_match(argv[4], &ticket, host, token) != 0) return 4;
  if (troupe_client_connect(&ticket, NULL, NULL, &client) != TROUPE_OK) return complain("connect", NULL);
  code = play(client);
  troupe_client_destroy(client);
  return code;
}
