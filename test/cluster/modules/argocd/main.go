// Command argocd is what a sync needs of Argo CD, as one program: `redis ADDRESS`, `repo-server FLAGS` and
// `application-controller FLAGS`.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alicebob/miniredis/v2"
	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{Use: "argocd", SilenceUsage: true}
	root.AddCommand(named("application-controller", controller.NewCommand()))
	root.AddCommand(named("repo-server", reposerver.NewCommand()))
	root.AddCommand(&cobra.Command{Use: "redis", Args: cobra.ExactArgs(1), RunE: redis})
	if err := root.Execute(); err != nil {
		os.Exit(1)
	}
}

func named(use string, command *cobra.Command) *cobra.Command {
	command.Use = use
	return command
}

// redis keeps everything in memory, until a signal ends it.
func redis(_ *cobra.Command, args []string) error {
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt, syscall.SIGTERM)
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(args[0]); err != nil {
		return err
	}
	fmt.Println("redis listens on", server.Addr())
	<-end
	server.Close()
	return nil
}
