import type { ServerTexts } from "../server";

export const server: ServerTexts = { problems: {}, settings: {}, methods: {}, acquisitions: {} };
