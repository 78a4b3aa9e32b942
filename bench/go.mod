module github.com/azekura/azekura/bench

go 1.26.0

replace github.com/azekura/azekura => ../
