// Fails when src/api/schema.d.ts is not what openapi.json gives, so that the page never talks to a stale API.
import { current, generate, hasSource } from "./client.mjs";

if (!hasSource()) {
  console.log("no openapi.json: API types not checked");
} else if ((await generate()) !== current()) {
  console.error("src/api/schema.d.ts is stale: run `npm run client`");
  process.exit(1);
}
