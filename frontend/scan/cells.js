// The cells of the grid: where keys lead, how large they are, which are damaged.

const THUMBNAILS = [96, 192, 384];

/** Where a key leads from a cell of the grid, or null. */
export function gridMove({ row, column }, key, rows, columns) {
    const moves = {
        ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
        ArrowUp: [row - 1, column], ArrowDown: [row + 1, column],
        Home: [row, 0], End: [row, columns - 1],
    };
    if (!(key in moves)) return null;
    const [toRow, toColumn] = moves[key];
    if (toRow < 0 || toRow >= rows || toColumn < 0 || toColumn >= columns) return null;
    return { row: toRow, column: toColumn };
}

/** The side of the thumbnails for cells of some width on this screen. */
export function thumbnailSide(width, ratio = 1) {
    return THUMBNAILS.find((side) => side >= width * ratio) || THUMBNAILS[THUMBNAILS.length - 1];
}

/** The width at which all columns fit beside their labels, within bounds. */
export function fittingWidth(room, columns, labels = 190, gap = 6) {
    return Math.max(64, Math.min(260, Math.floor((room - labels) / columns) - gap));
}

/** Whether a weight lies where the verdict found damage. */
export function isDamaged(weight, verdict) {
    if (!verdict) return false;
    const { damaged_to: below, damaged_from: above } = verdict;
    return (below !== null && weight < 0 && weight <= below + 1e-9)
        || (above !== null && weight > 0 && weight >= above - 1e-9);
}
