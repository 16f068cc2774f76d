// What the page loads: starts each part. `npm run build` makes javascript/lora_neg.js of it.
import { startBadges } from "./cards/badges.js";
import { startCards } from "./cards/cards.js";
import { cfgToolsOf, readForm } from "./core/form.js";
import { openInLibrary, startLibrary } from "./library/tab.js";
import { startPanel } from "./panel/findings.js";
import { recheck, startPreview } from "./preview/preview.js";
import { openInScan, startScan } from "./scan/tab.js";

// A second copy of the extension would draw everything twice.
if (!window.loraNeg) {
    // For looking from the browser's console, and in tests, at what the guard sees in a tab.
    window.loraNeg = Object.freeze({ cfgToolsOf, readForm });
    startBadges(openInLibrary);
    startCards();
    startLibrary();
    startPanel(recheck);
    startPreview(openInScan);
    startScan();
}
