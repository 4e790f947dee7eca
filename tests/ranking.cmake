troupe_test(ranking_test SOURCES unit/ratings_test.cpp LINK troupe_actors_ratings LABELS unit)
