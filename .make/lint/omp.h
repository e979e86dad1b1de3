// What clang finds as <omp.h> in `make lint`, which reads the sources without OpenMP: g++'s own header is not for clang.
#pragma once
extern "C" {
int omp_get_max_threads();
int omp_get_num_procs();
int omp_get_num_threads();
int omp_get_thread_num();
int omp_in_parallel();
void omp_set_num_threads(int);
double omp_get_wtime();
}
