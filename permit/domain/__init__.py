"""Rules of permits and endorsements. Pure: no clock, no database, no network; a day is a day in China."""
