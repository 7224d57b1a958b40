import { QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { queryClient } from "@/api/queries";
import { App } from "@/pages/app";
import { applyTheme } from "@/ui/theme";
import "@/styles/tokens.css";
import "@/styles/base.css";
import "@/styles/components.css";
import "@/styles/shell.css";
import "@/styles/pages.css";

applyTheme();
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
// No StrictMode: it mounts twice, and the annotate page would lease regions twice.
createRoot(root).render(
  <QueryClientProvider client={queryClient}>
    <App />
  </QueryClientProvider>,
);
