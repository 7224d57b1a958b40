// Writes src/api/schema.d.ts from openapi.json, the server's own description of its API.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import openapiTypescript, { astToString } from "openapi-typescript";

const SOURCE = new URL("../openapi.json", import.meta.url);
const TARGET = new URL("../src/api/schema.d.ts", import.meta.url);
const HEADER = "// Generated from openapi.json by `npm run client`. Do not edit.\n";

export async function generate() {
  return HEADER + astToString(await openapiTypescript(JSON.parse(readFileSync(SOURCE, "utf8"))));
}

export const hasSource = () => existsSync(SOURCE);
export const current = () => (existsSync(TARGET) ? readFileSync(TARGET, "utf8") : null);

if (process.argv[1]?.endsWith("client.mjs")) {
  if (!hasSource()) {
    console.error("web/openapi.json is missing: let the server write it first");
    process.exit(1);
  }
  writeFileSync(TARGET, await generate());
}
