"""Our side of the race: the product's loop with the race's small fold, as one process.

Reads DSN, KAFKA, INSTANCE from the environment; runs until it is ended. The facts are stored as the
product stores them; the totals are by kind, year and commune.
"""

import os
from datetime import date

import numpy as np
import uvloop

from services.analytics.consumer import ConsumerSettings, FigureConsumer
from services.analytics.domain.batch import Batch
from services.analytics.domain.cells import Cell, Deltas, Sum
from services.analytics.domain.columns import joined
from services.analytics.domain.measured import KIND_AT, KINDS
from services.analytics.handlers.apply import Applier, deltas_of
from services.analytics.handlers.pipeline import Pipeline
from shared.plumbing.collector import rarely, settle
from shared.plumbing.postgres import Database


def race_fold(batch: Batch) -> Deltas:
    """Sum registrations by kind, year and commune."""
    entries = joined([part for part, _ in batch.entities])
    if not len(entries):
        return {}
    year = entries.day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    place = (((entries.after_key >> KIND_AT) << 12 | year) << 17) | (entries.after_key & 0x1FFFF)
    places, index = np.unique(place, return_inverse=True)
    counts = np.bincount(index, weights=entries.sign, minlength=len(places)).astype(np.int64)
    amounts = np.zeros(len(places), dtype=np.int64)
    np.add.at(amounts, index, entries.sign * entries.after_vnd)
    return {
        Cell(
            "race",
            date(1970 + ((at >> 17) & 0xFFF), 1, 1),
            KINDS[(at >> 29) - 1],
            f"{at & 0x1FFFF:05d}",
        ): Sum(n, amount)
        for at, n, amount in zip(places.tolist(), counts.tolist(), amounts.tolist(), strict=True)
    }


async def main() -> None:
    """Consume until ended."""
    instance = os.environ.get("INSTANCE", "1")
    settings = ConsumerSettings(
        os.environ["KAFKA"],
        "race",
        instance,
        topics=("caunoi.registry.events.v1",),
        max_records=int(os.environ.get("RECORDS", "20000")),
    )
    fold = race_fold if os.environ.get("FOLD", "race") == "race" else deltas_of
    async with Database(os.environ["DSN"], name="race", max_size=2) as database:

        async def pipeline() -> Pipeline:
            return Pipeline(await Applier.of_live(database, int(instance)), fold=fold)

        await FigureConsumer(settings, pipeline).run()


if __name__ == "__main__":
    settle()
    rarely()
    uvloop.run(main())
